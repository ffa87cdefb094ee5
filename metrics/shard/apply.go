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

// Found is a visit that was found in memory, or none.
type Found struct{ visit *entry }

// Find looks for an event's visit. If that is absent, it may be in the store: the caller then restores its row, if there
// is one, before it applies the event. What was found holds until the next Flush.
func (s *State) Find(e *event.Event) (at Found, absent bool) {
	if !ofVisit(e) {
		return Found{}, false
	}
	if v, here := s.visits[string(e.Subject)]; here {
		return Found{v}, false
	}
	return Found{}, s.stored.has(e.Subject)
}

// ofVisit says whether the event is a fact about a visit or retracts one. The retraction of a place's event has the
// BCP for its subject.
func ofVisit(e *event.Event) bool {
	return e.Type.OfVisit() || e.Type == event.EventRetracted && !e.AboutPlace
}

// Apply applies the event at an offset of the log to its visit, which is looked for if it was not found before. Offsets
// must rise; gaps are allowed.
func (s *State) Apply(offset int64, e *event.Event, at Found) Outcome {
	out := Outcome{ReleaseTime: visit.None, CrossingTime: visit.None}
	s.finalUntil = never
	if s.latest != never {
		s.finalUntil = s.watermark()
		out.Late = e.Time < s.finalUntil
	}
	s.heard(e)
	s.latest = max(s.latest, e.Time)
	if ofVisit(e) {
		v := at.visit
		if v == nil {
			v = s.visitOf(e)
		}
		s.applyToVisit(offset, e, v, &out)
	}
	s.lapse(offset)
	return out
}

func (s *State) visitOf(e *event.Event) *entry {
	v, known := s.visits[string(e.Subject)]
	if !known {
		v = &entry{id: string(e.Subject), lapsed: visit.None, queued: notQueued}
		s.visits[v.id] = v
	}
	return v
}

func (s *State) applyToVisit(offset int64, e *event.Event, v *entry, out *Outcome) {
	if v.asOf > offset {
		out.Result = Replayed
		return
	}
	f := visit.NewFact(e)
	if v.visit.Knows(f) {
		out.Result = Duplicate
		return
	}
	st := s.stateOf(v)
	released, crossed := interval(st, st.Released), interval(st, st.Departed)
	s.change(offset, v, func() {
		v.visit.Apply(f)
		s.rules.Advance(&v.visit, st)
		v.lapsed = s.lapsedAt(st)
	})
	s.await(v, st)
	told(&out.ReleaseTime, out, released, interval(st, st.Released))
	told(&out.CrossingTime, out, crossed, interval(st, st.Departed))
}

// stateOf is the state of a visit that is about to change.
func (s *State) stateOf(v *entry) *visit.State {
	if v.state == nil {
		if len(s.dirty) == len(s.states) {
			s.states = append(s.states, &visit.State{})
		}
		v.state = s.states[len(s.dirty)]
		s.dirty = append(s.dirty, v)
		s.rules.Derive(&v.visit, v.state)
	}
	return v.state
}

// change changes a visit by do, and windows and the board with it, because of the event at an offset.
func (s *State) change(offset int64, v *entry, do func()) {
	st := s.stateOf(v)
	s.before = window.Contributions(s.before[:0], st, v.lapsed)
	was := s.standing(st, v.lapsed)
	do()
	s.after = window.Contributions(s.after[:0], st, v.lapsed)
	window.Changes(s.before, s.after, func(c window.Contribution, sign int32) {
		s.differ(offset, c, sign)
		s.move(c, sign)
	})
	s.restate(offset)
	s.board(was, s.standing(st, v.lapsed))
	v.over = over(st, v.lapsed)
}

// differ adds a difference to its minute, hour and day. A window that memory has let go waits until it is restored.
// What a minute came to that did not exist at the last flush, hour and day get at the next one.
func (s *State) differ(offset int64, c window.Contribution, sign int32) {
	d, l := difference{offset, window.PartOf(c.Key.Measure, c.Ms, sign)}, labelOf(c.Key)
	hour := s.windows.hour(c.Key)
	head := hour.minute(c.Key)
	minute := s.windows.inChain(*head, l)
	if minute == nil && len(s.ahead) == 0 && !s.windows.ended(c.Key, s.horizon) {
		minute = s.windows.insert(head, l)
		minute.fresh = true
	}
	if minute != nil && minute.fresh {
		if s.windows.add(minute, d.part) {
			s.windows.touchHour(hour, hour.bit(c.Key))
		}
		return
	}
	day := s.windows.day(c.Key)
	s.differIn(c.Key, head, &d)
	s.differIn(l.of(hour.at), hour.head(l), &d)
	s.differIn(l.of(day.at), day.head(l), &d)
}

func (s *State) differIn(k window.Key, head *int32, d *difference) {
	w := s.windows.inChain(*head, labelOf(k))
	if w == nil {
		if s.windows.ended(k, s.horizon) {
			s.deferred[k] = append(s.deferred[k], *d)
			return
		}
		w = s.windows.insert(head, labelOf(k))
	}
	s.add(k, w, d)
}

// add adds a difference to a window, unless its row holds it already, as it may while the shard replays. One that comes
// to nothing is written too: an instance that has lost the shard may yet write the row as of an offset in between, and
// must not be the last to have written it.
func (s *State) add(k window.Key, w *kept, d *difference) {
	if len(s.ahead) > 0 && s.ahead[k] > d.offset {
		return
	}
	if s.windows.add(w, d.part) {
		s.windows.touch(k)
	}
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
