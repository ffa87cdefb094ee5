package engine

import (
	"slices"

	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// A window is final once the watermark has passed its end, and what changes it after that is a restatement. Channels and
// regimes that are told late move a visit from one row to another all the time, so a restatement is of the window over
// all of them: it is there only where that has changed.
//
// Like everything else it belongs to the offset of an event: the windows' changes by that event, of those windows that
// were final before it. So a replay finds the same, or finds it written (recovery.go), and a row that is written twice is
// one.

// moved is a contribution to a final minute that the event at hand added or took away.
type moved struct {
	window.Contribution // without channel and regime
	sign                int32
}

// final says whether a window was final before the event at hand.
func (s *State) final(k window.Key) bool { return s.windows.clocks[k.BCP].End(k) <= s.finalMinute }

// moving comes before a visit in this state changes in any way, and move after it.
func (s *State) moving(v mem.Ref, st *visit.State) {
	s.before = window.Contributions(s.before[:0], st, s.visits.At(v).lapsed())
}

func (s *State) move(v mem.Ref, st *visit.State) { s.moveFrom(s.before, v, st) }

func (s *State) moveFrom(before []window.Contribution, v mem.Ref, st *visit.State) {
	s.after = window.Contributions(s.after[:0], st, s.visits.At(v).lapsed())
	s.movedHere = len(s.moved)
	window.Changes(before, s.after, s.moveOne)
}

// lastOf is the last segment, if there is one.
func lastOf(segments []visit.Segment) visit.Segment {
	if n := len(segments); n > 0 {
		return segments[n-1]
	}
	return visit.Segment{}
}

// moveProlonged is move for a visit that goes on with an event that is not late: what it adds now is of no final window,
// and nothing is taken away but its last segment, if that goes on after all.
func (s *State) moveProlonged(last visit.Segment, is *visit.State) {
	if last.End != 0 && window.MinuteOf(last.End) < s.finalMinute && !slices.Contains(is.Segments, last) {
		s.movedHere = len(s.moved)
		s.moveOne(window.Contribution{
			Key: window.Key{BCP: is.BCP, Direction: is.Direction, Grain: window.Minute, Start: window.MinuteOf(last.End), Measure: window.OfSegment(last.Phase, last.Holder)},
			Ms:  last.End - last.Start, Closed: last.Closed,
		}, -1)
	}
}

// moveOne notes a difference. What leaves one channel or regime for another has not changed the window.
func (s *State) moveOne(c window.Contribution, sign int32) {
	if c.Key.Start >= s.finalMinute {
		return
	}
	c.Key.Channel, c.Key.Regime = 0, 0
	if back := slices.Index(s.moved[s.movedHere:], moved{c, -sign}); back >= 0 {
		s.moved = slices.Delete(s.moved, s.movedHere+back, s.movedHere+back+1)
		return
	}
	s.moved = append(s.moved, moved{c, sign})
}

// restate takes what has moved to the restatements of the event at an offset.
func (s *State) restate(offset int64) {
	if len(s.moved) == 0 {
		return
	}
	if offset < s.restatedUntil { // they are in the store
		s.moved = s.moved[:0]
		return
	}
	from := len(s.restated)
	at := s.restatedAt
	clear(at)
	for _, m := range s.moved {
		part, clock := window.PartOf(m.Key.Measure, m.Ms, m.Closed, m.sign), &s.windows.clocks[m.Key.BCP]
		for g := window.Minute; g <= window.Day; g++ {
			k := clock.In(m.Key, g)
			if !s.final(k) {
				break // what has it in it is not final either
			}
			i, known := at[k]
			if !known {
				i = len(s.restated)
				at[k] = i
				s.restated = append(s.restated, window.Restatement{Key: k, Offset: offset, Change: window.Change{
					Bins: s.fewBins(), NetBins: s.fewBins(),
				}})
			}
			s.restated[i].Add(part)
		}
	}
	s.moved = s.moved[:0]
	changed := slices.DeleteFunc(s.restated[from:], func(r window.Restatement) bool { return r.Zero() })
	s.restated = s.restated[:from+len(changed)]
}

// fewBins are no bins, with room for those of a restatement, which is of one visit as a rule.
func (s *State) fewBins() window.Bins {
	const few, many = 2, 1 << 10
	if len(s.spareBins) == 0 {
		s.spareBins = make([]window.Bin, many)
	}
	b := s.spareBins[:0:few]
	s.spareBins = s.spareBins[few:]
	return b
}
