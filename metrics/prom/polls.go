package prom

import (
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// Polls are the series of documents that are read at an interval. It is safe for concurrent use.
type Polls struct {
	polls *prometheus.CounterVec
}

// NewPolls registers the series. It panics where registry has series of the same names.
func NewPolls(registry prometheus.Registerer) *Polls {
	return &Polls{polls: promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
		Name: "dwell_source_polls_total", Help: "How often the document of a source was asked for, by outcome: imported because it had changed (changed), the one that was imported last (unchanged), or neither read nor imported as a whole (failed).",
	}, []string{"source", "outcome"})}
}

// Changed counts a document that was imported.
func (p *Polls) Changed(source string) { p.polls.WithLabelValues(source, "changed").Inc() }

// Unchanged counts one that was imported before.
func (p *Polls) Unchanged(source string) { p.polls.WithLabelValues(source, "unchanged").Inc() }

// Failed counts one that could not be read or imported.
func (p *Polls) Failed(source string) { p.polls.WithLabelValues(source, "failed").Inc() }
