// Package recent keeps what the shards of this process have counted in the last hours, so that whoever shows them need not
// ask ClickHouse again and again for what was just written there.
//
// It promises that the hours of a shard are what the store would say, and no less than what it said when the progress of the
// shard was written; that an hour is given only if all of it is known; and that what it has given never changes. It refuses to
// tell of shards that others have: their rows are in the store.
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

// Hour is what the windows of an hour at a BCP say, all directions, channels and regimes together.
type Hour struct {
	Counts  window.Counts
	Release window.Aggregate
	// Segments has each measure once, in no order.
	Segments []Segments
}

// Segments are a number of segments of one measure, such as wait at customs, with their time in milliseconds, also net of
// closed hours.
type Segments struct {
	Measure    window.Measure
	N, Ms, Net int64
}

// merge adds what another hour says.
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

// Hours are the hours of the shards that this process has. They are safe for concurrent use.
type Hours struct {
	retention time.Duration
	now       func() time.Time

	mu     sync.Mutex
	shards map[int]*counted
	// sums are of the shards in of; one that has changed since is not there.
	sums map[At]*Hour
	of   []int
}

// counted is what one shard has counted as of an offset. Hours that end after the horizon are whole, and of those that start
// before oldest, in minutes since the Unix epoch, some have been let go, by a clock that may have been set back since.
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

// Opened takes over what a shard has counted, as of an offset.
func (h *Hours) Opened(id int, asOf int64, s *engine.State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := &counted{hours: map[one]*Hour{}}
	h.shards[id], h.of = c, nil
	h.take(c, asOf, s.Horizon(), s.Hours())
}

// Counted takes over what a flush has changed.
func (h *Hours) Counted(id int, f *engine.Flush) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if c := h.shards[id]; c != nil {
		h.take(c, f.AsOf, f.Horizon, f.Windows.Hours())
	}
}

// Closed lets go of a shard.
func (h *Hours) Closed(id int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.shards, id)
	h.of = nil
}

// take takes over hours of a shard that are not older than is kept, and lets go of those that are.
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

// Since gives the hours that start at or after from, of the shards that have counted as far as their progress says and know
// all since from. Which these are comes with them, in order. Nothing of it may be changed.
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

// sum adds up an hour of the shards in of.
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
