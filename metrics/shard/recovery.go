package shard

import (
	"fmt"
	"maps"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Why at-least-once parts give exactly-once results.
//
// A flush at offset O writes windows, then visits, then progress, each row with AsOf = O; a table keeps, of each key,
// the row with the highest AsOf. Every row is a function of the log up to its AsOf. After a crash the log is read
// again from the last progress P, and of an event at offset o:
//
//   - its visit's row has AsOf > o: the row holds the event. It was written after all windows of its flush, so they
//     hold the event's contribution too: both are left alone (Replayed);
//   - else the event is applied to the visit, which gives the same difference as the first time, and the difference
//     is added to those windows whose own AsOf <= o (Flush); the others hold it already.
//
// So it makes no difference which rows of the last flush were written: none, some, all, or all twice. A flush by an
// instance that has lost the partition writes rows of a longer or shorter prefix of the same log, which the same two
// rules take in. The tests in recovery_test.go cut the protocol at every step.

// Progress is where a shard stands.
type Progress struct {
	// Offset is the offset of the next event to be applied.
	Offset int64
	// Latest is the time of the latest event in Unix milliseconds.
	Latest int64
	// ReplayUntil is the highest AsOf of any visit or window in the store.
	ReplayUntil int64
}

// Resume begins a recovery at this progress. The caller then restores all visits that have not ended, all that have a
// fact after the Horizon, and all windows that end after it; and tells of all other visits by Stored.
func (s *State) Resume(p Progress) {
	s.latest, s.replayUntil = p.Latest, p.ReplayUntil
	s.horizon = s.watermark() - s.cfg.Keep.Milliseconds()
}

// Horizon is the instant before which visits that ended, and windows, are not in memory: Unix milliseconds.
func (s *State) Horizon() int64 { return s.horizon }

// Stored tells of a visit that is in the store.
func (s *State) Stored(id string) { s.stored.add(id) }

// RestoreVisit takes a visit into memory. It does nothing if the visit is there already.
func (s *State) RestoreVisit(r *visit.Row) error {
	if _, here := s.visits[r.ID]; here {
		return nil
	}
	v, err := visit.ParseFacts(r.Facts, s.cfg.Vocabulary)
	if err != nil {
		return fmt.Errorf("visit %q: %w", r.ID, err)
	}
	e := &entry{id: r.ID, visit: *v, asOf: r.AsOf, lapsed: visit.None}
	s.rules.Derive(v, &s.after)
	if r.Lapsed {
		e.lapsed = s.deadline(&s.after)
	} else {
		s.await(e, &s.after)
	}
	e.over = over(&s.after, e.lapsed)
	s.board(&s.after, e.lapsed, +1)
	s.visits[r.ID] = e
	return nil
}

// RestoreWindow takes a window into memory. It does nothing if the window is there already.
func (s *State) RestoreWindow(r *window.Row) {
	if _, here := s.windows[r.Key]; !here {
		s.windows[r.Key] = &kept{asOf: r.AsOf, Aggregate: r.Aggregate}
	}
}

// RestoreHeard takes from the store when a BCP was last heard of; the rest of the row follows from the visits.
func (s *State) RestoreHeard(b event.BCP, d event.Direction, lastEvent int64) {
	row := s.row(b, d)
	row.LastEvent = max(row.LastEvent, lastEvent)
}

// Missing are the windows that must be restored, as far as the store has them, before the next Flush. They come in no
// particular order.
func (s *State) Missing() []window.Key {
	return slices.Collect(maps.Keys(s.missing()))
}

func (s *State) missing() map[window.Key]struct{} {
	out := map[window.Key]struct{}{}
	for k := range s.deferred {
		if _, here := s.windows[k]; !here && int64(k.End(s.place(k.BCP).Zone))*60_000 <= s.horizon {
			out[k] = struct{}{}
		}
	}
	return out
}
