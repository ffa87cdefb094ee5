package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// Flush is all that has changed since the flush before, as of one offset. Its rows are in no particular order. Windows and Visits
// are valid until the next call of a method of State, and all else until the next Flush.
type Flush struct {
	// AsOf is the offset of the next event to be applied.
	AsOf int64
	// Latest is the time that the watermark follows (sources.go), and Watermark that less the delay of the watermark, in Unix
	// milliseconds. Both are meaningless while HasLatest is false: no event has been applied yet.
	Latest, Watermark int64
	HasLatest         bool
	// Sources are those that lead the last blocks of offsets.
	Sources Sources
	// Records is how many records come before AsOf, which the shard sets.
	Records int64

	// Restatements must be written before windows, visits and inside: where a visit's row is stored, its restatements are.
	Restatements []window.Restatement
	Windows      Windows
	Visits       Visits
	Inside       []Inside
}

// Buffered is about how many bytes wait for the next flush, of the parts that grow with events.
func (s *State) Buffered() int {
	return 150*len(s.restated) + 32*s.windows.deltaCount + 300*len(s.dirty)
}

// Flush returns what has changed, as of the offset of the next event to be applied, which must be no less than
// FlushFrom. Missing windows must have been restored. The flush counts as written: if it fails, the caller must recover.
func (s *State) Flush(asOf int64) *Flush {
	s.collectDeltas(false)
	f := &Flush{AsOf: asOf, Latest: s.latest, Watermark: s.watermark(), HasLatest: s.latest != never, Sources: s.sources}
	f.Restatements, s.restated = s.restated, s.spare.Restatements[:0]
	s.windows.applyDeltas(s.ahead)
	for _, c := range s.windows.flushed {
		if c.at.Grain == window.Hour {
			s.noteHour(c.at)
		}
	}
	f.Windows = Windows{&s.windows, asOf}
	f.Visits = s.flushVisits(asOf)
	f.Inside = s.spare.Inside[:0]
	for _, row := range s.inside {
		if row != nil && row.dirty {
			row.dirty, row.AsOf = false, asOf
			own := *row
			own.Occupancy = row.clone()
			f.Inside = append(f.Inside, own)
		}
	}
	s.spare = *f
	s.spare.Visits = Visits{} // flushVisits decides which memory of these is used again
	s.written = asOf
	s.boundaries = nil
	clear(s.ahead)
	s.evict()
	return f
}

func (s *State) flushVisits(asOf int64) Visits {
	dirty := s.dirty
	for i := range dirty {
		v := s.visits.At(dirty[i].visit)
		v.asOf, v.dirty = asOf, 0
		v.flags &^= isSettled
	}
	if s.dirty = s.dirty[:0]; len(dirty) > spared {
		s.dirty, s.collected = nil, mem.Slab[window.Contribution]{}
	}
	return Visits{s, dirty, asOf}
}

// spared is for how many visits memory is kept from one flush for the next, and windowsOf about how many windows a visit
// changes: tens of megabytes at most, after flushes that large.
const spared, windowsOf = 1 << 15, 8

// minEvict is how many visits, or windows, may be in memory without an eviction.
const minEvict = 1 << 14

// evict frees the visits and windows that ended before the horizon. It looks at all of them each time, so it waits until
// the horizon has moved by a quarter of MemoryRetention, or until there are twice as many visits or windows as it had to
// keep: an import of old events brings any number of them and does not move the horizon.
func (s *State) evict() {
	if s.latest == never {
		return
	}
	horizon := s.watermark() - s.cfg.MemoryRetention.Milliseconds()
	full := s.visits.Len() > 2*s.keptVisits+minEvict || s.windows.n > 2*s.keptWindows+minEvict
	if horizon-s.horizon < s.cfg.MemoryRetention.Milliseconds()/4 && !full {
		return
	}
	s.horizon = horizon
	s.windows.evict(horizon)
	s.lapses.DeleteFunc(func(at int64, r mem.Ref) bool {
		v := s.visits.At(r)
		if at != v.queued() {
			return true
		}
		if v.over() {
			v.at = notQueued
		}
		return v.over()
	})
	s.visits.DeleteFunc(func(r mem.Ref, v *entry) bool {
		gone := v.over() && s.visits.last(v) <= horizon
		if gone {
			s.stored.Add(s.visits.Key(r))
		}
		return gone
	})
	s.keptVisits, s.keptWindows = s.visits.Len(), s.windows.n
}
