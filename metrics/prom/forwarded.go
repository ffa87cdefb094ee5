package prom

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// mostSources is how many sources have a series of their own; producers choose the names.
const mostSources = 64

// otherSources is the label of the sources that came after these.
const otherSources = "others"

// forwarded counts the records that were forwarded, by the source of the event.
type forwarded struct {
	vec *prometheus.CounterVec

	mu    sync.Mutex
	known map[string]bool
}

func newForwarded(vec *prometheus.CounterVec) *forwarded {
	return &forwarded{vec: vec, known: map[string]bool{}}
}

func (f *forwarded) count(bySource map[string]int) {
	if len(bySource) == 0 {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	for source, n := range bySource {
		if !f.known[source] {
			if len(f.known) == mostSources {
				source = otherSources
			} else {
				f.known[source] = true
			}
		}
		f.vec.WithLabelValues(source).Add(float64(n))
	}
}
