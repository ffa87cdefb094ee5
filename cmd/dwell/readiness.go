package main

import (
	"fmt"
	"net/http"
	"sync"

	"dwell/metrics/pipeline"
)

// readiness knows which shards cannot go on. A program is healthy as long as it answers, and ready as long as none of
// its shards is stalled.
type readiness struct {
	pipeline.Observer

	mu      sync.Mutex
	stalled map[int]error
}

func (r *readiness) Stalled(shard int, err error) {
	r.mu.Lock()
	if err == nil {
		delete(r.stalled, shard)
	} else {
		r.stalled[shard] = err
	}
	r.mu.Unlock()
	r.Observer.Stalled(shard, err)
}

func (r *readiness) Closed(shard int) {
	r.mu.Lock()
	delete(r.stalled, shard)
	r.mu.Unlock()
	r.Observer.Closed(shard)
}

func (r *readiness) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	if len(r.stalled) == 0 {
		_, _ = fmt.Fprintln(w, "ready")
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	for shard, err := range r.stalled {
		_, _ = fmt.Fprintf(w, "shard %d is stalled: %v\n", shard, err)
	}
}
