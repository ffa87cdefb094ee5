// Package recent holds in memory the hours that the shards of this process have counted lately, so that the overview need
// not read them back from ClickHouse each second.
//
// It promises that the hours of a shard equal those in the store, at least as of the shard's written progress; that an hour
// is returned only if it is complete; and that a returned hour never changes. It refuses to answer for shards of other
// processes: their rows are in the store.
package recent

import (
	"maps"
	"slices"
	"sync"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/window"
)

// Hour is the sum of the windows of an hour at a BCP over all directions, channels and regimes.
type Hour struct {
	Counts  window.Counts
	Release window.Aggregate
	// Segments has each measure once, in no particular order.
	Segments []Segments
}

// Segments are a number of segments of one measure, such as wait at customs, with their time in milliseconds, also net of
// closed hours.
type Segments struct {
	Measure    window.Measure
	N, Ms, Net int64
}

// merge adds another hour.
func (h *Hour) merge(o *Hour) {
	h.Counts.Merge(&o.Counts)
	h.Release.Merge(&o.Release)
	for _, g := range o.Segments {
		h.segment(g)
	}
}

func (h *Hour) segment(g Segments) {
	for i := range h.Segments { // there are some twenty
		if sum := &h.Segments[i]; sum.Measure == g.Measure {
			sum.N, sum.Ms, sum.Net = sum.N+g.N, sum.Ms+g.Ms, sum.Net+g.Net
			return
		}
	}
	h.Segments = append(h.Segments, g)
}

// add adds a window of the hour.
func (h *Hour) add(m window.Measure, a *window.Aggregate) {
	h.Counts.Add(m, a.N)
	if m == window.ReleaseTime {
		h.Release.Merge(a)
	} else if _, _, ok := m.Segment(); ok {
		h.segment(Segments{m, a.N, a.Sum, a.Sum - a.Net.Closed})
	}
}

// At is an hour at a BCP, by its start in minutes since the Unix epoch.
type At struct {
	BCP   event.BCP
	Start int32
}

// Hours are the hours of the shards of this process. They are safe for concurrent use.
type Hours struct {
	retention time.Duration
	now       func() time.Time

	mu     sync.Mutex
	shards map[int]*counted
	// sums caches the sums over the shards in of; an hour that changes is removed.
	sums map[At]*Hour
	of   []int
}

// counted is the hours of one shard as of an offset. Hours that end after the horizon are complete. Hours that start before
// oldest, in minutes since the Unix epoch, may have been dropped; it never decreases, even if the clock is set back.
type counted struct {
	asOf, horizon int64
	oldest        int32
	hours         map[one]*Hour
}

// one is an hour of one direction.
type one struct {
	At
	event.Direction
}

var directions = []event.Direction{event.NoDirection, event.Inbound, event.Outbound}

// New makes hours that go back as far as retention. Now is the clock of the program.
func New(retention time.Duration, now func() time.Time) *Hours {
	return &Hours{retention: retention, now: now, shards: map[int]*counted{}, sums: map[At]*Hour{}}
}

// Opened adds a shard with its hours as of an offset.
func (h *Hours) Opened(id int, asOf int64, s *engine.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &counted{hours: map[one]*Hour{}}
	h.shards[id], h.of = c, nil
	h.take(c, asOf, s.Horizon(), s.Hours())
}

// Counted takes the hours that a flush has changed.
func (h *Hours) Counted(id int, f *engine.Flush) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.shards[id]; c != nil {
		h.take(c, f.AsOf, f.Horizon, f.Windows.Hours())
	}
}

// Closed removes a shard.
func (h *Hours) Closed(id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.shards, id)
	h.of = nil
}

// take stores the changed hours of a shard and drops those older than the retention.
func (h *Hours) take(c *counted, asOf, horizon int64, changed func(func(engine.Hour) bool)) {
	c.asOf, c.horizon = asOf, horizon
	c.oldest = max(c.oldest, window.MinuteOf(h.now().Add(-h.retention).UnixMilli()))
	for hour := range changed {
		k := hour.Key()
		if k.Start < c.oldest {
			continue
		}
		sum, some := &Hour{}, false
		for m, a := range hour.All() {
			sum.add(m, a)
			some = true
		}
		if some {
			at := At{k.BCP, k.Start}
			c.hours[one{at, k.Direction}] = sum
			delete(h.sums, at)
		}
	}
	maps.DeleteFunc(c.hours, func(at one, _ *Hour) bool { return at.Start < c.oldest })
	maps.DeleteFunc(h.sums, func(at At, _ *Hour) bool { return at.Start < c.oldest })
}

// Since returns the hours that start at or after from, summed over the shards that are complete since from and not behind
// their progress; and these shards, in order. The caller must not change the hours.
func (h *Hours) Since(from time.Time, progress map[int]int64) (shards []int, hours map[At]*Hour) {
	h.mu.Lock()
	defer h.mu.Unlock()
	first := window.MinuteOf(from.UnixMilli())
	for id, c := range h.shards {
		if c.horizon <= from.UnixMilli() && c.oldest <= first && c.asOf >= progress[id] {
			shards = append(shards, id)
		}
	}
	slices.Sort(shards)
	if !slices.Equal(shards, h.of) {
		h.of = shards
		clear(h.sums)
	}
	hours = map[At]*Hour{}
	for _, id := range shards {
		for of := range h.shards[id].hours {
			at := of.At
			if at.Start < first || hours[at] != nil {
				continue
			}
			if h.sums[at] == nil {
				h.sums[at] = h.sum(at)
			}
			hours[at] = h.sums[at]
		}
	}
	return slices.Clone(shards), hours
}

// sum adds up an hour over the shards in of.
func (h *Hours) sum(at At) *Hour {
	sum := &Hour{}
	for _, id := range h.of {
		for _, d := range directions {
			if part := h.shards[id].hours[one{at, d}]; part != nil {
				sum.merge(part)
			}
		}
	}
	return sum
}
