package hub

import "github.com/prometheus/client_golang/prometheus"

type metrics struct {
	frames    prometheus.Counter
	failures  prometheus.Counter
	refreshes prometheus.Histogram
}

func newMetrics(reg prometheus.Registerer, viewers func() float64) metrics {
	m := metrics{
		frames: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dwell_live_frames_total", Help: "Numbered states of the overview that were sent to viewers.",
		}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "dwell_live_refresh_failures_total", Help: "Times that the overview could not be read.",
		}),
		refreshes: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "dwell_live_refresh_seconds", Help: "Time to read the overview and make its frame.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}, NativeHistogramBucketFactor: 1.1,
		}),
	}
	reg.MustRegister(m.frames, m.failures, m.refreshes, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "dwell_live_viewers", Help: "Viewers that watch the overview now.",
	}, viewers))
	return m
}
