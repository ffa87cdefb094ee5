package query

import (
	"sync"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/recent"
)

// Counter has counted some shards in this process.
type Counter interface {
	// Since gives the hours that start at or after from, of the shards of which it knows all since from as of the given offsets
	// or later ones, and says which those are, in order. Of a shard that is not given any offset will do. Nothing of it changes.
	Since(from time.Time, progress map[int]int64) (shards []int, hours map[recent.At]*recent.Hour)
}

// own are the hours that a Counter gave, in this package's terms.
type own struct {
	counter Counter
	voc     *event.Vocabulary

	mu    sync.Mutex
	known map[*recent.Hour]*hour
}

// Own has the source take from c what c has counted, instead of reading it from the store. It is called before all else.
func (s *Source) Own(c Counter, voc *event.Vocabulary) { s.own = &own{counter: c, voc: voc} }

// ownHours are the hours that start at or after from of the shards that this process has counted, at least as of now.
func (s *Source) ownHours(from time.Time, now progress) ([]int, hours) {
	all := hours{}
	if s.own == nil {
		return nil, all
	}
	progress := map[int]int64{}
	for _, at := range now {
		progress[int(at.shard)] = int64(at.offset)
	}
	o := s.own
	shards, counted := o.counter.Since(from, progress)
	o.mu.Lock()
	defer o.mu.Unlock()
	known := make(map[*recent.Hour]*hour, len(counted))
	for at, sum := range counted {
		h := o.known[sum]
		if h == nil {
			h = o.hour(sum)
		}
		known[sum] = h
		id := o.voc.BCPName(at.BCP)
		if all[id] == nil {
			all[id] = map[int64]*hour{}
		}
		all[id][int64(at.Start)*60] = h
	}
	o.known = known
	return shards, all
}

func (o *own) hour(sum *recent.Hour) *hour {
	h := &hour{counts: sum.Counts, release: sum.Release, holders: map[string]segment{}}
	for _, g := range sum.Segments {
		h.holders[g.Measure.Name(o.voc)] = segment{g.N, g.Ms, g.Net}
	}
	return h
}
