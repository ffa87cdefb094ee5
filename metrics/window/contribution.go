package window

import "dwell/metrics/visit"

// Contribution is what a visit adds to the hour and the day of one minute, or to the minute where that is asked for: one more of
// a measure, and for a time its length.
type Contribution struct {
	Key Key
	// Ms is the duration in milliseconds, zero of a count, and Closed how much of it the BCP was closed.
	Ms, Closed int64
}

// Contributions appends what a visit in this state adds to the windows. It belongs to the window in which the measured
// interval ended. Lapsed is the instant at which the visit lapsed, visit.None if it has not.
func Contributions(dst []Contribution, s *visit.State, lapsed visit.Time) []Contribution {
	if s.Empty {
		return dst
	}
	k := Key{BCP: s.BCP, Direction: s.Direction, Channel: s.Channel, Regime: s.Regime, Grain: Minute}
	add := func(m Measure, at visit.Time, ms, closed int64) {
		if at != visit.None {
			k.Measure, k.Start = m, MinuteOf(at)
			dst = append(dst, Contribution{k, ms, closed})
		}
	}
	add(Arrivals, s.Arrived, 0, 0)
	add(Refusals, s.Refused, 0, 0)
	add(Lapsed, lapsed, 0, 0)
	if s.Arrived != visit.None && s.Departed == visit.None {
		add(UntimedLeft, lapsed, 0, 0)
	}
	if s.Fault != visit.Sound {
		add(UntimedReleases, s.Released, 0, 0)
		add(UntimedDepartures, s.Departed, 0, 0)
		if s.Arrived != visit.None && s.Departed != visit.None {
			add(UntimedLeft, max(s.Arrived, s.Departed), 0, 0)
		}
		add(OfFault(s.Fault), s.First, 0, 0)
		return dst
	}
	add(ReleaseTime, s.Released, s.Released-s.Arrived, s.ReleaseClosed)
	add(CrossingTime, s.Departed, s.Departed-s.Arrived, s.CrossingClosed)
	for _, g := range s.Segments {
		add(OfSegment(g.Phase, g.Holder), g.End, g.End-g.Start, g.Closed)
	}
	return dst
}

// Changes yields what must be subtracted (sign -1) and added (sign +1) to get from before to after.
func Changes(before, after []Contribution, yield func(c Contribution, sign int32)) {
	if len(before) == 0 { // a new visit
		for _, c := range after {
			yield(c, +1)
		}
		return
	}
	var room [64]bool
	stays := room[:]
	if len(after) > len(room) {
		stays = make([]bool, len(after))
	}
	// Most events only insert contributions: those that stay are in the same order.
	for i := range after {
		if len(before) > 0 && before[0] == after[i] {
			before, stays[i] = before[1:], true
		}
	}
	match := unmatched
	if len(before)*len(after) > manyPairs {
		match = indexed(after, stays)
	}
	for _, c := range before {
		if i := match(after, stays, c); i >= 0 {
			stays[i] = true
		} else {
			yield(c, -1)
		}
	}
	for i, c := range after {
		if !stays[i] {
			yield(c, +1)
		}
	}
}

// manyPairs is from how many on an index is faster than to look for each pair. A subject with thousands of facts has as many pairs as their
// square.
const manyPairs = 1 << 12

// indexed is unmatched with an index, for calls with the same contributions.
func indexed(in []Contribution, matched []bool) func([]Contribution, []bool, Contribution) int {
	next := make([]int, len(in)) // the one after it that is equal, -1 at the last
	first := make(map[Contribution]int, len(in))
	for i := len(in) - 1; i >= 0; i-- {
		if matched[i] {
			continue
		}
		next[i] = -1
		if same, known := first[in[i]]; known {
			next[i] = same
		}
		first[in[i]] = i
	}
	return func(_ []Contribution, _ []bool, c Contribution) int {
		i, known := first[c]
		if !known {
			return -1
		}
		if first[c] = next[i]; next[i] < 0 {
			delete(first, c)
		}
		return i
	}
}

// unmatched is the index of an unmatched contribution equal to c; two segments of one visit may be equal.
func unmatched(in []Contribution, matched []bool, c Contribution) int {
	for i := range in {
		if in[i] == c && !matched[i] {
			return i
		}
	}
	return -1
}
