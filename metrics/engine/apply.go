package engine

import (
	"math"

	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/hours"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Outcome is the effect of an event.
type Outcome struct {
	Result Result
	// Late says that the event happened before the watermark.
	Late bool
	// ReleaseTime and CrossingTime are set, in milliseconds, when the event determines them for the first time; else None.
	// Net is without the hours in which the BCP was closed, as far as they were reported by then.
	ReleaseTime, CrossingTime       int64
	ReleaseTimeNet, CrossingTimeNet int64
	// Restated says that a time which had been determined is now another, or none.
	Restated bool
}

// Result is whether an event had an effect, and if not, why.
type Result uint8

// The results. A Duplicate was known already; a Replayed event is in the stored rows already.
const (
	Applied Result = iota
	Duplicate
	Replayed
)

// Found is a visit that was found in memory; the zero Found is none.
type Found struct{ visit mem.Ref }

// Find looks for an event's visit. If that is absent, it may be in the store: the caller must then restore its row, if there
// is one, before it applies the event. The result is valid until the next Flush.
func (s *State) Find(e *event.Event) (at Found, absent bool) {
	if !ofVisit(e) {
		return Found{}, false
	}
	key := s.key(e.BCP, e.Subject)
	if v := s.visits.Find(key); v != 0 {
		return Found{v}, false
	}
	return Found{}, s.stored.Has(key)
}

// key is a visitKey, valid until the next call.
func (s *State) key(b event.BCP, id []byte) []byte {
	s.keyRoom = visitKey(s.keyRoom[:0], b, id)
	return s.keyRoom
}

// ofVisit reports whether the event is a fact about a visit or retracts one. The retraction of a place's event has the
// BCP for its subject.
func ofVisit(e *event.Event) bool {
	return e.Type.OfVisit() || e.Type == event.EventRetracted && !e.AboutPlace
}

// Apply applies the event at an offset of the log. Its visit is looked up if at is zero. Offsets must rise; gaps are allowed.
func (s *State) Apply(offset int64, e *event.Event, at Found) Outcome {
	for len(s.boundaries) > 0 && s.boundaries[0] <= offset {
		s.collectDeltas(true)
		s.boundaries = s.boundaries[1:]
	}
	s.applied = offset
	out := Outcome{ReleaseTime: visit.None, CrossingTime: visit.None}
	s.finalMinute = math.MinInt32
	if s.latest != never {
		final := s.watermark()
		s.finalMinute, out.Late = window.MinuteOf(final), e.Time < final
	}
	s.updateLastEvent(e)
	latest := s.latest
	s.advance(offset, e)
	s.newest = max(s.newest, e.Time)
	switch {
	case ofVisit(e):
		v := at.visit
		if v == 0 {
			v = s.visitOf(e)
		}
		s.applyToVisit(offset, latest, e, v, &out)
	case hours.Concerns(e):
		s.applyToHours(offset, e, latest, &out)
	}
	s.lapse()
	s.restate(offset)
	return out
}

func (s *State) visitOf(e *event.Event) mem.Ref {
	key := s.key(e.BCP, e.Subject)
	if v := s.visits.Find(key); v != 0 {
		return v
	}
	s.forget()
	return s.visits.Add(key, visit.MonthOf(e.Time))
}

// applyToVisit applies a fact, before which the watermark followed a time.
func (s *State) applyToVisit(offset, latest int64, e *event.Event, v mem.Ref, out *Outcome) {
	entry := s.visits.At(v)
	if entry.asOf > offset {
		out.Result = Replayed
		return
	}
	if len(s.retentions) > 0 && s.absent(entry, offset, latest) {
		s.begin(v, e)
	}
	f := visit.NewFact(e)
	if known := s.visits.of(v); known.Knows(f) {
		out.Result = Duplicate
		return
	}
	st := s.derive(v)
	s.markDirty(v, st)
	released, crossed := interval(st, st.Released), interval(st, st.Departed)
	known := s.visits.withRoom(v)
	known.Apply(f)
	s.visits.put(v, &known)
	if !out.Late && entry.lapsed() == visit.None && (st.Empty || st.StepsTo(&known)) {
		last := lastOf(st.Segments)
		s.rules.Advance(&known, st)
		s.addFinalDeltaOfLast(last, st)
	} else {
		s.noteBefore(v, st)
		s.rules.Advance(&known, st)
		entry.setLapsed(s.lapsedAt(st))
		s.noteAfter(v, st)
	}
	entry.setOver(over(st, entry.lapsed()))
	s.await(v, st)
	setTime(&out.ReleaseTime, out, released, interval(st, st.Released))
	setTime(&out.CrossingTime, out, crossed, interval(st, st.Departed))
	out.ReleaseTimeNet, out.CrossingTimeNet = out.ReleaseTime-st.ReleaseClosed, out.CrossingTime-st.CrossingClosed
}

func interval(s *visit.State, end visit.Time) int64 {
	if s.Empty || s.Fault != visit.Sound || end == visit.None {
		return visit.None
	}
	return end - s.Arrived
}

// setTime sets a time of an outcome from what it was before an event and is after.
func setTime(ms *int64, out *Outcome, before, after int64) {
	switch {
	case before == after:
	case before == visit.None:
		*ms = after
	default:
		out.Restated = true
	}
}
