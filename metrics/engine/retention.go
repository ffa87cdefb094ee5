package engine

import (
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// How long a visit is kept is decided by the log, never by chance. A retention holds from an offset of the shard, and of an
// event at an offset o:
//
//   - it is too old if its time is more than the retention before the watermark, or before that of its record. The time of a
//     record that the broker appended does not count: an import of old events into a new topic has that of the import;
//   - its visit is absent if the last fact of that is more than the retention before the watermark. The event then begins a new
//     visit, with a month of its own. What the visit before had contributed stays in the windows, and nothing changes that.
//
// A copy that was forwarded is not judged again: where the original lies, it was.
//
// Both are functions of the log before o and of the retentions. So it makes no difference whether an absent visit is still in
// memory or in the store: a caller may delete its row, and may restore it. It may delete what is absent as of the progress
// alone, since the watermark only rises and no event before the progress is applied again.
//
// A visit that is absent stays absent: a retention that becomes longer brings back nothing of which a part may be gone
// (Retention.VisitsSince). The retention is at least as long as it takes any visit to lapse, so an absent visit is over and is not
// inside.
//
// A visit whose facts were all retracted has no last fact. The end of its month takes the place of that.

// Retention says how long the visits and the events of a shard are kept, from an offset on.
type Retention struct {
	// From is the offset of the first event for which it holds.
	From int64
	// Visits and Events are how far behind the watermark they are kept; 0 is without end.
	Visits, Events time.Duration
	// VisitsSince and EventsSince are what the retentions before had kept when this one began, in Unix milliseconds: what is older
	// stays absent.
	VisitsSince, EventsSince int64
}

// visitsSince is the instant before which the last fact of a visit makes it absent, in Unix milliseconds.
func (r *Retention) visitsSince(watermark int64) int64 {
	return since(r.VisitsSince, r.Visits, watermark)
}

func since(before int64, kept time.Duration, watermark int64) int64 {
	if kept == 0 {
		return before
	}
	return max(before, watermark-kept.Milliseconds())
}

// Retain takes a retention that is stored, in the order of their offsets: in a recovery before the visits, or the one that
// NextRetention returned.
func (s *State) Retain(r Retention) {
	s.retentions = append(s.retentions, r)
}

// NextRetention is the retention to store and to Retain if the shard is to keep visits and events for this long from now on.
// Changed is false if it does already.
func (s *State) NextRetention(visits, events time.Duration) (next Retention, changed bool) {
	last := Retention{VisitsSince: never, EventsSince: never}
	if n := len(s.retentions); n > 0 {
		last = s.retentions[n-1]
	}
	return Retention{
		From: s.FlushFrom(), Visits: visits, Events: events,
		VisitsSince: last.visitsSince(s.watermark()), EventsSince: since(last.EventsSince, last.Events, s.watermark()),
	}, visits != last.Visits || events != last.Events
}

// retention is the one that holds for an offset, nil if there is none.
func (s *State) retention(offset int64) *Retention {
	for i := len(s.retentions) - 1; i >= 0; i-- {
		if s.retentions[i].From <= offset {
			return &s.retentions[i]
		}
	}
	return nil
}

// TooOld reports whether an event at an offset, in a record of a time in Unix milliseconds, is too old to be applied after those that
// have been. One that is will be so after any others, too.
func (s *State) TooOld(offset, logged int64, e *event.Event) bool {
	if len(s.retentions) == 0 || e.Forwarded {
		return false
	}
	at := e.Time
	if e.Type == event.EventRetracted {
		at = e.RetractedTime
	}
	r := s.retention(offset)
	return r != nil && ofVisit(e) &&
		(at < r.visitsSince(s.watermark()) || r.Visits > 0 && !e.AppendTime && at < logged-r.Visits.Milliseconds())
}

// RejectTooOld is the rejection of an event that is too old.
func RejectTooOld(e *event.Event) *event.Rejection {
	field, at := "time", e.Time
	if e.Type == event.EventRetracted {
		field, at = "data.time", e.RetractedTime
	}
	return &event.Rejection{Reason: event.TooOld, Field: field, Value: time.UnixMilli(at).UTC().Format(time.RFC3339Nano)}
}

// absent reports whether a visit is absent, at an offset before which the watermark followed a time.
func (s *State) absent(v *entry, offset, latest int64) bool {
	return s.isAbsent(s.visits.facts.Items(v.facts), v.monthOf(), offset, latest)
}

func (s *State) isAbsent(facts []visit.Fact, m visit.Month, offset, latest int64) bool {
	r := s.retention(offset)
	if r == nil {
		return false
	}
	last := m.End()
	if n := len(facts); n > 0 {
		last = facts[n-1].Time
	}
	return last < r.visitsSince(latest-s.cfg.WatermarkDelay.Milliseconds())
}

// begin makes a visit that is absent a new one, of an event.
func (s *State) begin(v mem.Ref, e *event.Event) {
	if n := s.visits.At(v).dirty; n > 0 {
		d := &s.dirty[n-1]
		s.settle(d)
		s.collected.Free(d.collected)
		d.collected = mem.List{}
	}
	s.forget()
	s.visits.clear(v, visit.MonthOf(e.Time))
}

// settle collects the deltas of a dirty visit that is absent: what changes from now on is none of its own.
func (s *State) settle(d *dirtyVisit) {
	if v := s.visits.At(d.visit); !v.settled() {
		s.collect(d, s.derive(d.visit), v.lapsed())
		v.flags |= isSettled
	}
}

// settleAbsent settles all dirty visits that are absent, before the hours of a BCP change.
func (s *State) settleAbsent(offset, latest int64) {
	if len(s.retentions) == 0 {
		return
	}
	for i := range s.dirty {
		if d := &s.dirty[i]; s.absent(s.visits.At(d.visit), offset, latest) {
			s.settle(d)
		}
	}
}
