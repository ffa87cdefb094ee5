package shard

import (
	"slices"

	"dwell/metrics/window"
)

// A window is final once the watermark has passed its end, and what changes it after that is a restatement. Channels and
// regimes that are told late move a visit from one row to another all the time, so a restatement is of the window over
// all of them: it is there only where that has changed.
//
// Like everything else it belongs to the offset of an event: the windows' changes by that event, of those windows that
// were final before it. So a replay finds the same, and a row that is written twice is one.

// moved is a contribution to a final minute that the event at hand added or took away.
type moved struct {
	key  window.Key // without channel and regime
	ms   int64
	sign int32
}

// final says whether a window was final before the event at hand.
func (s *State) final(k window.Key) bool { return s.windows.clocks[k.BCP].End(k) <= s.finalMinute }

// move notes a difference. What leaves one channel or regime for another has not changed the window.
func (s *State) move(c window.Contribution, sign int32) {
	if c.Key.Start >= s.finalMinute {
		return
	}
	k := c.Key
	k.Channel, k.Regime = 0, 0
	back := slices.Index(s.moved, moved{k, c.Ms, -sign})
	if back < 0 {
		s.moved = append(s.moved, moved{k, c.Ms, sign})
		return
	}
	s.moved = slices.Delete(s.moved, back, back+1)
}

// restate takes what has moved to the restatements of the event at an offset.
func (s *State) restate(offset int64) {
	if len(s.moved) == 0 {
		return
	}
	from := len(s.restated)
	for _, m := range s.moved {
		part, clock := window.PartOf(m.key.Measure, m.ms, m.sign), &s.windows.clocks[m.key.BCP]
		for g := window.Minute; g <= window.Day; g++ {
			k := clock.In(m.key, g)
			if !s.final(k) {
				break // what has it in it is not final either
			}
			at := from + slices.IndexFunc(s.restated[from:], func(r window.Restatement) bool { return r.Key == k })
			if at < from {
				at = len(s.restated)
				s.restated = append(s.restated, window.Restatement{Key: k, Offset: offset})
			}
			s.restated[at].Change.Add(part)
		}
	}
	s.moved = s.moved[:0]
	changed := slices.DeleteFunc(s.restated[from:], func(r window.Restatement) bool { return r.Change.Zero() })
	s.restated = s.restated[:from+len(changed)]
}
