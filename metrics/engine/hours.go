package engine

import (
	"cmp"
	"slices"

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

// Overlap is an interval in which the hours of a BCP may change.
type Overlap struct {
	BCP event.BCP
	hours.Interval
}

// Overlapped is where events may change the hours when they are applied one after the other, as far as visits that overlap it may
// not be in memory. All of them are applied: Admit refuses events of visits alone. Overlaps are in order of BCP and time, and those of a BCP neither overlap nor touch. The caller must restore
// the visits that are over and overlap them before it applies the first event: one query for all, since late closings come by the
// thousand, and a query for each would read the same rows as often.
func (s *State) Overlapped(events []event.Event) []Overlap {
	var all []Overlap
	first := map[event.BCP]*event.Event{} // of each BCP
	after := map[event.BCP]*hours.Hours{} // those of a BCP with several events, after the latest of them
	for i := range events {
		e := &events[i]
		if !hours.Concerns(e) {
			continue
		}
		h := s.hours[e.BCP]
		if before := first[e.BCP]; before == nil {
			first[e.BCP] = e
		} else {
			if after[e.BCP] == nil {
				after[e.BCP] = h.Clone()
				after[e.BCP].Apply(before)
			}
			h = after[e.BCP]
		}
		over := h.Change(e)
		if h != s.hours[e.BCP] {
			h.Apply(e)
		}
		// A visit that is not in memory has no fact after the horizon.
		if over.To = min(over.To, s.horizon); !over.Empty() {
			all = append(all, Overlap{e.BCP, over})
		}
	}
	slices.SortFunc(all, func(a, b Overlap) int { return cmp.Or(cmp.Compare(a.BCP, b.BCP), cmp.Compare(a.From, b.From)) })
	return slices.Clip(joined(all))
}

// joined joins the overlaps that overlap or touch, in place.
func joined(all []Overlap) []Overlap {
	n := 0
	for _, o := range all {
		if last := n - 1; n > 0 && all[last].BCP == o.BCP && o.From <= all[last].To {
			all[last].To = max(all[last].To, o.To)
			continue
		}
		all[n] = o
		n++
	}
	return all[:n]
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
	reach, direction := h.Change(e), h.Direction(e)
	if e.Type != event.EventRetracted && h.Knows(e) {
		out.Result = Duplicate
	}
	var overlapped []overlapping
	var before []window.Contribution
	if !reach.Empty() && reach.From < s.newest {
		s.settleAbsent(offset, latest)
		for v, entry := range s.visits.during(reach.From, reach.To) {
			if entry.asOf > offset || len(s.retentions) > 0 && s.absent(entry, offset, latest) {
				continue
			}
			if known := s.visits.of(v); known.Overlaps(e.BCP, direction, reach.From, reach.To) {
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
