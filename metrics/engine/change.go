package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// change is a visit that has changed since the last flush. What it has come to is not kept: its facts are few and lie
// together, and to ask them again takes about as long as to go to memory for all that they say, and much less memory.
type change struct {
	visit mem.Ref
	// told are the contributions, in the slab of all, that the windows have of it since it was settled last.
	told mem.List
	// stood is how it counted on the board at the last flush.
	stood standing
}

// changing comes before a visit in this state changes. What that adds to the windows is settled later.
func (s *State) changing(v mem.Ref, st *visit.State) {
	s.unsettled = true
	entry := s.visits.At(v)
	if entry.change != 0 {
		return
	}
	c := change{visit: v, stood: s.standing(st, entry.lapsed())}
	s.after = window.Contributions(s.after[:0], st, entry.lapsed())
	s.told.Set(&c.told, s.after)
	s.dirty = append(s.dirty, c)
	entry.change = uint32(len(s.dirty))
}

// derive says what the facts of a visit say, until it is asked for another one.
func (s *State) derive(v mem.Ref) *visit.State {
	known := s.visits.of(v)
	s.rules.Derive(&known, &s.scratch)
	return &s.scratch
}
