package prom

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Polls are the series of documents that are read at an interval. It is safe for concurrent use.
type Polls struct {
	polls   *prometheus.CounterVec
	failing *prometheus.GaugeVec
}

// NewPolls registers the series. It panics where registry has series of the same names.
func NewPolls(registry prometheus.Registerer) *Polls {
	with := promauto.With(registry)
	return &Polls{
		polls: with.NewCounterVec(prometheus.CounterOpts{
			Name: "dwell_source_polls_total", Help: "How often the document of a source was asked for, by outcome: imported because it had changed (changed), the one that was imported last (unchanged), or neither read nor imported as a whole (failed).",
		}, []string{"source", "outcome"}),
		failing: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "dwell_source_failing", Help: "1 where the document of a source could not be read or imported at the last try, else 0. A process that does not read it has no series.",
		}, []string{"source"}),
	}
}

// Changed counts a document that was imported.
func (p *Polls) Changed(source string) { p.polled(source, "changed", 0) }

// Unchanged counts one that was imported before.
func (p *Polls) Unchanged(source string) { p.polled(source, "unchanged", 0) }

// Failed counts one that could not be read or imported.
func (p *Polls) Failed(source string) { p.polled(source, "failed", 1) }

func (p *Polls) polled(source, outcome string, failing float64) {
	p.polls.WithLabelValues(source, outcome).Inc()
	p.failing.WithLabelValues(source).Set(failing)
}

// Left says that another process reads the document.
func (p *Polls) Left(source string) { p.failing.DeleteLabelValues(source) }
