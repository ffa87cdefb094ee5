package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// Most events of a visit follow one another within seconds where years of them are counted, and nothing is gained by
// moving it from window to window with each. So a visit that changes is noted, and what that changes of windows is found
// out once, when it is settled: from what the windows have of it to what it comes to by then. That is before a flush, and
// at each offset as of which another instance may have written rows (recovery.go).

// settle notes what the visits that have changed since they were settled last change of the windows. More says that there
// may be more changes of them before the flush; without it they are counted on the board, too, and this is done once.
func (s *State) settle(more bool) {
	if !s.unsettled {
		return
	}
	s.unsettled = more
	for i := range s.dirty {
		c := &s.dirty[i]
		st, lapsed := s.derive(c.visit), s.visits.At(c.visit).lapsed()
		s.after = window.Contributions(s.after[:0], st, lapsed)
		window.Changes(s.told.Items(c.told), s.after, func(c window.Contribution, sign int32) { s.windows.differ(s.applied, c, sign) })
		if more {
			s.told.Set(&c.told, s.after)
		} else {
			s.told.Free(c.told)
			c.told = mem.List{}
			s.show(c.stood, st, lapsed)
		}
	}
}
