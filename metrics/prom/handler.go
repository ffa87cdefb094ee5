package prom

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Handler serves the series. A scraper that asks for OpenMetrics or protobuf gets exemplars, one that asks for protobuf
// native histograms.
func Handler(series prometheus.Gatherer) http.Handler {
	return promhttp.HandlerFor(series, promhttp.HandlerOpts{EnableOpenMetrics: true})
}
