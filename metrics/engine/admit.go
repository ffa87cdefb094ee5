package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Whether an event is applied is decided by the log before it, as all else: by the times of the events that were applied, and by the
// facts of its visit. After a crash the visit may be ahead of the event. It has the fact then if it had taken it, and has as many facts as it
// takes if it had not, so the decision is the same. (Not where the visit has begun anew since, by a retention, in the flush that a crash cut
// off: then a fact that the visit before had refused is among the events as well.)

// Admit returns why an event at an offset, in a record of a time in Unix milliseconds, is not applied: it is too old, or its visit
// takes no more facts. Nil means that Apply must be called next. The visit, if it is stored, must have been restored; at is as for
// Apply.
func (s *State) Admit(offset, logged int64, e *event.Event, at Found) *event.Rejection {
	switch {
	case s.TooOld(offset, logged, e):
		return RejectTooOld(e)
	case ofVisit(e) && s.full(offset, e, at):
		return &event.Rejection{Reason: event.TooManyFacts, Field: "subject", Value: string(e.Subject)}
	}
	return nil
}

// full reports whether the visit of an event takes it no more. One that is absent begins anew, and takes it.
func (s *State) full(offset int64, e *event.Event, at Found) bool {
	v := at.visit
	if v == 0 {
		v = s.visits.Find(s.key(e.BCP, e.Subject))
	}
	if v == 0 {
		return false
	}
	known := s.visits.of(v)
	if !known.Refuses(visit.NewFact(e), s.cfg.MostFacts) {
		return false
	}
	entry := s.visits.At(v)
	return len(s.retentions) == 0 || entry.asOf > offset || !s.absent(entry, offset, s.latest)
}
