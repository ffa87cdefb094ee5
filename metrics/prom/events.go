package prom

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/ingest/event"
	"dwell/metrics/pipeline"
)

// events count events by BCP and type. With many BCPs nearly every event of a batch has a class of its own, so the counter of
// a class is looked up by its labels once, and kept.
type events struct {
	voc *event.Vocabulary
	vec *prometheus.CounterVec

	mu       sync.Mutex
	types    int
	counters []prometheus.Counter // by BCP and type; nil before the first event
}

func newEvents(voc *event.Vocabulary, vec *prometheus.CounterVec) *events {
	types := len(event.Types()) + 1 // there is no type 0, and no BCP 0
	return &events{voc: voc, vec: vec, types: types, counters: make([]prometheus.Counter, (len(voc.BCPs())+1)*types)}
}

func (e *events) count(batch []pipeline.EventClass) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, class := range batch {
		counter := &e.counters[int(class.BCP)*e.types+int(class.Type)]
		if *counter == nil {
			*counter = e.vec.WithLabelValues(e.voc.BCPName(class.BCP), class.Type.String())
		}
		(*counter).Inc()
	}
}
