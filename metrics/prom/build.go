package prom

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"
)

// NewBuild registers which program this is, as a series that is always 1.
func NewBuild(registry prometheus.Registerer, version string) {
	build := prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "dwell_build_info", Help: "Always 1; the labels say which program this is.",
	}, []string{"version", "go_version"})
	build.WithLabelValues(version, runtime.Version()).Set(1)
	registry.MustRegister(build)
}
