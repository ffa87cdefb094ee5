package shard

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Outcome is what became of an event.
type Outcome struct {
	Result Result
	// Late says that the event happened before the watermark.
	Late bool
	// ReleaseTime and CrossingTime are set, in milliseconds, when the event told them for the first time; else None.
	ReleaseTime, CrossingTime int64
	// Restated says that a time which had been told is now another, or none.
	Restated bool
}

// Result is what became of an event.
type Result uint8

// The results. A Duplicate changed nothing; a Replayed event was in the rows already.
const (
	Applied Result = iota
	Duplicate
	Replayed
)

// Absent says whether an event's visit may be in the store and is not in memory. The caller then restores its row, if
// there is one, before it applies the event.
func (s *State) Absent(e *event.Event) bool {
	if !ofVisit(e) {
		return false
	}
	if _, here := s.visits[string(e.Subject)]; here {
		return false
	}
	return s.stored.has(e.Subject)
}

// ofVisit says whether the event is a fact about a visit or retracts one. The retraction of a place's event has the
// BCP for its subject.
func ofVisit(e *event.Event) bool {
	return e.Type.OfVisit() || e.Type == event.EventRetracted && !e.AboutPlace
}

// Apply applies the event at an offset of the log. Offsets must rise; gaps are allowed.
func (s *State) Apply(offset int64, e *event.Event) Outcome {
	out := Outcome{ReleaseTime: visit.None, CrossingTime: visit.None}
	out.Late = s.latest != never && e.Time < s.watermark()
	s.heard(e)
	s.latest = max(s.latest, e.Time)
	if ofVisit(e) {
		s.applyToVisit(offset, e, &out)
	}
	s.lapse(offset)
	return out
}

func (s *State) applyToVisit(offset int64, e *event.Event, out *Outcome) {
	v, known := s.visits[string(e.Subject)]
	if !known {
		v = &entry{id: string(e.Subject), lapsed: visit.None, queued: notQueued}
		s.visits[v.id] = v
	}
	if v.asOf > offset {
		out.Result = Replayed
		return
	}
	s.rules.Derive(&v.visit, &s.before)
	wasLapsed := v.lapsed
	if !v.visit.Apply(visit.NewFact(e)) {
		out.Result = Duplicate
		return
	}
	s.rules.Derive(&v.visit, &s.after)
	v.lapsed = s.lapsedAt(&s.after)
	s.changed(offset, v, wasLapsed)
	s.await(v, &s.after)
	told(&out.ReleaseTime, out, interval(&s.before, s.before.Released), interval(&s.after, s.after.Released))
	told(&out.CrossingTime, out, interval(&s.before, s.before.Departed), interval(&s.after, s.after.Departed))
}

// changed brings windows and the board from s.before to s.after.
func (s *State) changed(offset int64, v *entry, wasLapsed visit.Time) {
	s.beforeParts = window.Contributions(s.beforeParts[:0], &s.before, wasLapsed)
	s.afterParts = window.Contributions(s.afterParts[:0], &s.after, v.lapsed)
	window.Changes(s.beforeParts, s.afterParts, func(c window.Contribution, sign int32) {
		s.differ(offset, c, sign)
	})
	s.board(&s.before, wasLapsed, -1)
	s.board(&s.after, v.lapsed, +1)
	v.over = over(&s.after, v.lapsed)
	if !v.dirty {
		v.dirty = true
		s.dirty = append(s.dirty, v)
	}
}

// differ notes a difference. In the common case it is added to the minute, from which the flush takes hours and days.
// While rows may be ahead of the log, or where the minute is not in memory, each row must be asked by itself.
func (s *State) differ(offset int64, c window.Contribution, sign int32) {
	if offset >= s.replayUntil && int64(c.Key.Start+1)*60_000 > s.horizon {
		i, there := s.pending[c.Key]
		if !there {
			i = s.addSum()
			s.pending[c.Key] = i
		}
		s.sums[i].Add(c.Key.Measure, c.Ms, sign)
		return
	}
	clock := s.clock(c.Key)
	for _, k := range [...]window.Key{c.Key, clock.In(c.Key, window.Hour), clock.In(c.Key, window.Day)} {
		s.deferred[k] = append(s.deferred[k], difference{offset, c.Ms, sign})
	}
}

// addSum makes room for one more sum, with the memory of one that a flush is done with.
func (s *State) addSum() int32 {
	n := len(s.sums)
	if n == cap(s.sums) {
		s.sums = append(s.sums, window.Aggregate{})
	} else {
		s.sums = s.sums[:n+1]
		s.sums[n] = window.Aggregate{Bins: s.sums[n].Bins[:0]}
	}
	return int32(n)
}

func interval(s *visit.State, end visit.Time) int64 {
	if s.Empty || s.Fault != visit.Sound || end == visit.None {
		return visit.None
	}
	return end - s.Arrived
}

func told(ms *int64, out *Outcome, before, after int64) {
	switch {
	case before == after:
	case before == visit.None:
		*ms = after
	default:
		out.Restated = true
	}
}
