package engine

import (
	"slices"

	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// A window is final once the watermark has passed its end, and a later change of it is a restatement. Channels and
// regimes that are reported late move a visit from one row to another all the time, so a restatement is of the window over
// all of them: there is one only where that has changed.
//
// Like everything else it belongs to the offset of an event: the changes, by that event, of the windows that were final
// before it. So a replay finds the same, or finds it written (recovery.go), and a row that is written twice is one.

// finalDelta is a contribution to a final minute that the current event added or took away.
type finalDelta struct {
	window.Contribution // without channel and regime
	sign                int32
}

// final reports whether a window was final before the current event.
func (s *State) final(k window.Key) bool { return s.windows.clocks[k.BCP].End(k) <= s.finalMinute }

// noteBefore must be called before a visit in this state changes in any way, and noteAfter after it.
func (s *State) noteBefore(v mem.Ref, st *visit.State) {
	s.before = window.Contributions(s.before[:0], st, s.visits.At(v).lapsed())
}

func (s *State) noteAfter(v mem.Ref, st *visit.State) { s.addFinalDeltas(s.before, v, st) }

// addFinalDeltas adds the final deltas of a visit, from its contributions before, which it changes, to those of its state.
func (s *State) addFinalDeltas(before []window.Contribution, v mem.Ref, st *visit.State) {
	s.after = window.Contributions(s.after[:0], st, s.visits.At(v).lapsed())
	window.Changes(s.finals(before), s.finals(s.after), s.addFinalDelta)
}

// finals are the contributions to final minutes, in the memory of all. They are without channel and regime: one that moves from
// one channel or regime to another changes nothing of the window over all of them.
func (s *State) finals(all []window.Contribution) []window.Contribution {
	finals := all[:0]
	for _, c := range all {
		if c.Key.Start < s.finalMinute {
			c.Key.Channel, c.Key.Regime = 0, 0
			finals = append(finals, c)
		}
	}
	return finals
}

// lastOf is the last segment, if there is one.
func lastOf(segments []visit.Segment) visit.Segment {
	if n := len(segments); n > 0 {
		return segments[n-1]
	}
	return visit.Segment{}
}

// addFinalDeltaOfLast adds the final deltas of a visit that an event continues which is not late: it adds to no final
// window, and takes nothing away but the contribution of the segment that was last, if that turns out to continue.
func (s *State) addFinalDeltaOfLast(last visit.Segment, after *visit.State) {
	if last.End != 0 && window.MinuteOf(last.End) < s.finalMinute && !slices.Contains(after.Segments, last) {
		s.addFinalDelta(window.Contribution{
			Key: window.Key{
				BCP: after.BCP, Direction: after.Direction,
				Grain: window.Minute, Start: window.MinuteOf(last.End), Measure: window.OfSegment(last.Phase, last.Holder),
			},
			Ms: last.End - last.Start, Closed: last.Closed,
		}, -1)
	}
}

// addFinalDelta adds a contribution to a final minute that was added or taken away.
func (s *State) addFinalDelta(c window.Contribution, sign int32) {
	s.finalDeltas = append(s.finalDeltas, finalDelta{c, sign})
}

// restate makes restatements, at the event's offset, of its final deltas.
func (s *State) restate(offset int64) {
	if len(s.finalDeltas) == 0 {
		return
	}
	if offset < s.restatedUntil { // they are in the store
		s.finalDeltas = s.finalDeltas[:0]
		return
	}
	from := len(s.restated)
	at := s.restatedAt
	clear(at)
	for _, d := range s.finalDeltas {
		increment, clock := window.IncrementOf(d.Key.Measure, d.Ms, d.Closed, d.sign), &s.windows.clocks[d.Key.BCP]
		for g := window.Hour; g <= window.Day; g++ {
			k := clock.In(d.Key, g)
			if !s.final(k) {
				break // a longer window that contains it is not final either
			}
			i, known := at[k]
			if !known {
				i = len(s.restated)
				at[k] = i
				s.restated = append(s.restated, window.Restatement{Key: k, Offset: offset, Change: window.Change{
					Bins: s.fewBins(), NetBins: s.fewBins(),
				}})
			}
			s.restated[i].Add(increment)
		}
	}
	s.finalDeltas = s.finalDeltas[:0]
	restated := slices.DeleteFunc(s.restated[from:], func(r window.Restatement) bool { return r.IsZero() })
	s.restated = s.restated[:from+len(restated)]
}

// fewBins is an empty list with capacity for the bins of a restatement, which is of one visit as a rule.
func (s *State) fewBins() window.Bins {
	const few, many = 2, 1 << 10
	if len(s.spareBins) == 0 {
		s.spareBins = make([]window.Bin, many)
	}
	b := s.spareBins[:0:few]
	s.spareBins = s.spareBins[few:]
	return b
}
