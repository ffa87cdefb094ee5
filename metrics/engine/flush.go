package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// Flush is what has changed since the flush before, all of it as of one offset. It is in no order, and valid until the next
// call of State.
type Flush struct {
	// AsOf is the offset of the next event to be applied.
	AsOf int64
	// Latest is the time of the latest event, and Watermark that less the delay of the watermark, in Unix milliseconds. Both are
	// meaningless while Heard is false: no event has come yet.
	Latest, Watermark int64
	Heard             bool
	// Horizon is how far back memory has all that there is, in Unix milliseconds.
	Horizon int64

	// Restatements are to be written before all that follows: who finds a visit's row finds its restatements.
	Restatements []window.Restatement
	Windows      Windows
	Visits       Visits
	Inside       []Inside
}

// Buffered is about how many bytes wait for the next flush, of what grows with every event.
func (s *State) Buffered() int {
	return 150*len(s.restated) + 32*s.windows.differences + 300*len(s.dirty)
}

// Flush returns what has changed, as of the offset of the next event to be applied, which must be no less than
// FlushFrom. Missing windows must have been restored. It counts as written: a flush that fails must be followed by a
// recovery.
func (s *State) Flush(asOf int64) *Flush {
	s.settle(false)
	f := &Flush{AsOf: asOf, Latest: s.latest, Watermark: s.watermark(), Heard: s.latest != never}
	f.Restatements, s.restated = s.restated, s.room.Restatements[:0]
	s.windows.flush(s.ahead)
	f.Windows = Windows{&s.windows, asOf}
	f.Visits = s.flushVisits(asOf)
	f.Inside = s.room.Inside[:0]
	for _, row := range s.inside {
		if row != nil && row.touched {
			row.touched, row.AsOf = false, asOf
			f.Inside = append(f.Inside, *row)
			row.Visited = false
		}
	}
	s.room = *f
	s.room.Visits = Visits{} // whose memory is not kept beyond what is spared
	s.written = asOf
	s.boundaries = nil
	clear(s.ahead)
	s.evict()
	f.Horizon = s.horizon
	return f
}

func (s *State) flushVisits(asOf int64) Visits {
	changed := s.dirty
	for i := range changed {
		v := s.visits.At(changed[i].visit)
		v.asOf, v.change = asOf, 0
	}
	if s.dirty = s.dirty[:0]; len(changed) > spared {
		s.dirty, s.told = nil, mem.Slab[window.Contribution]{}
	}
	return Visits{s, changed, asOf}
}

// spared is how many visits' memory is kept from one flush for the next, and windowsOf about how many windows a visit
// changes: tens of megabytes at most, after flushes that large.
const spared, windowsOf = 1 << 15, 8

// rest is how many visits, or windows, are never too many to be looked at again.
const rest = 1 << 14

// evict lets go of what ended before the horizon. Every time it looks at all there is, so it waits until the horizon has
// moved by a good step, or until there are twice as many visits or windows as it had to keep: an import of old events
// brings any number of them and moves no horizon.
func (s *State) evict() {
	if s.latest == never {
		return
	}
	horizon := s.watermark() - s.cfg.MemoryRetention.Milliseconds()
	full := s.visits.Len() > 2*s.keptVisits+rest || s.windows.n > 2*s.keptWindows+rest
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
