package app

import (
	"fmt"
	"maps"
	"net/http"
	"slices"
	"sync"

	"dwell/metrics/pipeline"
)

// readiness knows which shards are stalled. A program is healthy as long as it answers, and ready as long as none of
// its shards is stalled.
type readiness struct {
	pipeline.Observer

	mu      sync.Mutex
	stalled map[int]error
}

func newReadiness() *readiness { return &readiness{stalled: map[int]error{}} }

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
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	stalled := r.lines() // one who reads slowly must not hold up the shards
	if len(stalled) == 0 {
		_, _ = fmt.Fprintln(w, "ready")
		return
	}
	w.WriteHeader(http.StatusServiceUnavailable)
	for _, line := range stalled {
		_, _ = fmt.Fprintln(w, line)
	}
}

// lines say which shards are stalled, in their order.
func (r *readiness) lines() (lines []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, shard := range slices.Sorted(maps.Keys(r.stalled)) {
		lines = append(lines, fmt.Sprintf("shard %d is stalled: %v", shard, r.stalled[shard]))
	}
	return lines
}
