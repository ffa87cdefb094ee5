package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/hours"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Times net of closed hours depend on events about a BCP, which every shard gets through its own log. So an opening or a
// closing changes the visits that it overlaps as one more fact of each would: it belongs to an offset, a visit whose row is
// ahead of that offset has it already, and its deltas are those from before to after.

// bcpHours are the hours of all BCPs, by event.BCP.
type bcpHours []*hours.Hours

// Closed implements visit.Hours.
func (h bcpHours) Closed(b event.BCP, d event.Direction, from, to visit.Time) int64 {
	return h[b].Closed(d, from, to)
}

// Overlapped is the BCP and the interval in which an event may change the hours, as far as visits that overlap it
// may not be in memory; ok is false if all are. The caller must restore those before it applies the event.
func (s *State) Overlapped(e *event.Event) (b event.BCP, over hours.Interval, ok bool) {
	if !hours.Concerns(e) {
		return event.NoBCP, hours.Interval{}, false
	}
	over = s.hours[e.BCP].Change(e)
	// A visit that is not in memory has no fact after the horizon.
	over.To = min(over.To, s.horizon)
	return e.BCP, over, !over.Empty()
}

// RestoreHours takes from the store an event about a BCP before the progress.
func (s *State) RestoreHours(e *event.Event) {
	if hours.Concerns(e) {
		s.openings[e.BCP] = nil
		s.forget()
		s.hours[e.BCP].Apply(e)
	}
}

// applyToHours applies an opening, a closing or a retraction to the hours of its BCP and to the visits that overlap what
// it changes. Before it the watermark followed the time latest.
func (s *State) applyToHours(offset int64, e *event.Event, latest int64, out *Outcome) {
	h := s.hours[e.BCP]
	reach := h.Change(e)
	if reach.Empty() && e.Type != event.EventRetracted {
		out.Result = Duplicate
	}
	var overlapped []overlapping
	var before []window.Contribution
	if !reach.Empty() && reach.From < s.newest {
		s.settleAbsent(offset, latest)
		for v, entry := range s.visits.All() {
			if entry.asOf > offset || s.visits.last(entry) <= reach.From || len(s.retentions) > 0 && s.absent(entry, offset, latest) {
				continue
			}
			if known := s.visits.of(v); known.Overlaps(e.BCP, reach.From, reach.To) {
				st := s.derive(v)
				s.markDirty(v, st)
				before = window.Contributions(before, st, entry.lapsed())
				overlapped = append(overlapped, overlapping{v, len(before)})
			}
		}
	}
	s.openings[e.BCP] = nil
	s.forget()
	h.Apply(e)
	from := 0
	for _, o := range overlapped {
		s.addFinalDeltas(before[from:o.until], o.visit, s.derive(o.visit))
		from = o.until
	}
}

// overlapping is a visit with the end of its contributions before, which begin where those of the previous visit end.
type overlapping struct {
	visit mem.Ref
	until int
}
