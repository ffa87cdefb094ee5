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

// differ adds a difference to its minute, hour and day. While the shard replays, a row may hold it already. A window that
// memory has let go waits until it is restored.
func (s *State) differ(offset int64, c window.Contribution, sign int32) {
	clock := s.clock(c.Key)
	for _, k := range [...]window.Key{c.Key, clock.In(c.Key, window.Hour), clock.In(c.Key, window.Day)} {
		w := s.windows[k.Grain][k]
		if w == nil && s.ended(k) {
			s.deferred[k] = append(s.deferred[k], difference{offset, c.Ms, sign})
			continue
		}
		if w == nil {
			w = s.newKept(k)
		}
		s.add(k, w, difference{offset, c.Ms, sign})
	}
}

// add adds a difference to a window, unless its row holds it already. One that comes to nothing is written too: an
// instance that has lost the shard may yet write the row as of an offset in between, and must not be the last to have
// written it.
func (s *State) add(k window.Key, w *kept, d difference) {
	if w.asOf > d.offset {
		return
	}
	if !w.new {
		w.new = true
		s.touched = append(s.touched, touched{k, w})
	}
	w.Add(k.Measure, d.ms, d.sign)
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
