package shard

import (
	"container/heap"
	"slices"

	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Flush is what has changed since the flush before, all of it as of one offset. The slices are in no order, and valid
// until the next call of State.
type Flush struct {
	// AsOf is the offset of the next event to be applied.
	AsOf int64
	// Latest is the time of the latest event, and Watermark that less the lateness, in Unix milliseconds. Both are
	// meaningless while Heard is false: no event has come yet.
	Latest, Watermark int64
	Heard             bool

	Windows []window.Row
	Visits  []visit.Row
	Inside  []Inside
}

// Flush returns what has changed, as of the offset of the next event to be applied. Missing windows must have been
// restored. It counts as written: a flush that fails must be followed by a recovery.
func (s *State) Flush(asOf int64) *Flush {
	f := &Flush{AsOf: asOf, Latest: s.latest, Watermark: s.watermark(), Heard: s.latest != never}
	f.Windows = s.flushWindows(asOf)
	f.Visits = s.flushVisits(asOf)
	for _, row := range s.inside {
		if row.touched {
			row.touched, row.AsOf = false, asOf
			f.Inside = append(f.Inside, *row)
		}
	}
	s.written = asOf
	s.evict()
	return f
}

func (s *State) flushWindows(asOf int64) []window.Row {
	for k, differences := range s.deferred {
		w := s.windows[k.Grain][k]
		if w == nil { // the store has none
			w = s.newKept(k)
		}
		for _, d := range differences {
			s.add(k, w, d)
		}
	}
	clear(s.deferred)
	rows := make([]window.Row, 0, len(s.touched))
	for _, t := range s.touched {
		t.new, t.asOf = false, asOf
		rows = append(rows, window.Row{Key: t.key, AsOf: asOf, Aggregate: t.Aggregate})
	}
	clear(s.touched)
	s.touched = s.touched[:0]
	return rows
}

// newKept makes a window, in memory for many: there are as many windows as events.
func (s *State) newKept(k window.Key) *kept {
	const piece = 256
	if len(s.room) == 0 {
		s.room = make([]kept, piece)
	}
	w := &s.room[0]
	s.room = s.room[1:]
	s.windows[k.Grain][k] = w
	return w
}

func (s *State) flushVisits(asOf int64) []visit.Row {
	rows := make([]visit.Row, len(s.dirty))
	// All facts and all segments lie in one piece each; the pieces of the rows are cut off so that none grows into the
	// next.
	facts := make([]byte, 0, 200*len(s.dirty))
	segments := make([]visit.Segment, 0, 12*len(s.dirty))
	for i, v := range s.dirty {
		v.dirty, v.asOf = false, asOf
		row := &rows[i]
		*row = visit.Row{ID: v.id, AsOf: asOf, Lapsed: v.lapsed != visit.None, Over: v.over}
		from := len(facts)
		facts = v.visit.AppendFacts(facts, s.cfg.Vocabulary)
		row.Facts = facts[from:len(facts):len(facts)]
		s.rules.Derive(&v.visit, &s.after)
		row.State, segments = s.after.Copy(segments)
	}
	clear(s.dirty)
	s.dirty = s.dirty[:0]
	return rows
}

// evict lets go of what ended before the horizon, once the log has caught up with all rows. The horizon moves in steps, because every step looks at all there is.
func (s *State) evict() {
	if s.latest == never || s.written < s.replayUntil {
		return
	}
	horizon := s.watermark() - s.cfg.Keep.Milliseconds()
	if horizon-s.horizon < s.cfg.Keep.Milliseconds()/16 {
		return
	}
	s.horizon = horizon
	for _, windows := range s.windows {
		for k := range windows {
			if s.ended(k) {
				delete(windows, k)
			}
		}
	}
	s.lapses = slices.DeleteFunc(s.lapses, func(d deadline) bool {
		if !d.void() && d.visit.over {
			d.visit.queued = notQueued
			return true
		}
		return d.void()
	})
	heap.Init(&s.lapses)
	for id, v := range s.visits {
		if last, heard := v.visit.Last(); v.over && (!heard || last <= horizon) {
			s.stored.add(id)
			delete(s.visits, id)
		}
	}
}
