package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Most events of a visit follow one another within seconds where years of them are counted, and nothing is gained by
// moving the visit from window to window with each. So a visit that an event changes is only marked dirty, and its deltas
// are collected later, all at once: from the contributions that the windows have of it to those that its facts make by then.
// That happens before a flush, and at each offset as of which another instance may have written rows (recovery.go).

// dirtyVisit is a visit that has changed since the last flush. Its state is not kept: its facts are few and lie together, and
// deriving it from them again takes about as long as fetching it from memory, and much less memory.
type dirtyVisit struct {
	visit mem.Ref
	// collected are its contributions, in the slab of all, when its deltas were collected last: those that the windows have,
	// or will have after the next flush.
	collected mem.List
	// before is its occupancy at the last flush.
	before occupancy
}

// markDirty must be called before a visit in this state changes.
func (s *State) markDirty(v mem.Ref, st *visit.State) {
	s.deltasDue = true
	entry := s.visits.At(v)
	if entry.dirty != 0 {
		return
	}
	d := dirtyVisit{visit: v, before: s.occupancyOf(v, st)}
	s.after = window.Contributions(s.after[:0], st, entry.lapsed())
	s.collected.Set(&d.collected, s.after)
	s.dirty = append(s.dirty, d)
	entry.dirty = uint32(len(s.dirty))
}

// collectDeltas collects the deltas of the dirty visits since the last call. More says that they may change again before the
// flush; without it their occupancy is updated, too, which is done once.
func (s *State) collectDeltas(more bool) {
	if !s.deltasDue {
		return
	}
	s.deltasDue = more
	for i := range s.dirty {
		d := &s.dirty[i]
		entry := s.visits.At(d.visit)
		st, lapsed := s.derive(d.visit), entry.lapsed()
		if !entry.settled() {
			s.collect(d, st, lapsed)
			if more {
				s.collected.Set(&d.collected, s.after)
			}
		}
		if !more {
			s.collected.Free(d.collected)
			d.collected = mem.List{}
			s.updateOccupancy(d.before, s.occupancyOf(d.visit, st))
		}
	}
}

// collect collects the deltas of a dirty visit in this state since the last time. Its contributions are in s.after then.
func (s *State) collect(d *dirtyVisit, st *visit.State, lapsed visit.Time) {
	s.after = window.Contributions(s.after[:0], st, lapsed)
	window.Changes(s.collected.Items(d.collected), s.after, func(c window.Contribution, sign int32) { s.windows.addDelta(s.applied, c, sign) })
}

// derive derives the state of a visit from its facts. It is valid until the next call. The latest one is kept: where one visit after the other
// has thousands of facts in order, each is a step from the state before.
func (s *State) derive(v mem.Ref) *visit.State {
	if s.derived != v {
		known := s.visits.of(v)
		s.rules.Derive(&known, &s.scratch)
		s.derived = v
	}
	return &s.scratch
}

// forget makes derive derive anew: facts or hours change, or a visit is added, perhaps with the Ref of one that has left memory.
func (s *State) forget() { s.derived = 0 }
