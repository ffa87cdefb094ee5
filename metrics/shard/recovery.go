package shard

import (
	"errors"
	"fmt"

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
// A restatement is of one event and all visits that it changed, and of those some rows may be ahead and others not. But
// restatements are written before visits: where any visit is ahead, all restatements of events before its AsOf are
// there, and a replay makes none of them again.
//
// So it makes no difference which rows of the last flush were written: none, some, all, or all twice. Visits are loaded
// before windows, so that what is written in between can only make windows the newer ones.
//
// A flush by an instance that has lost the partition writes rows of a longer or shorter prefix of the same log. The
// shorter ones lose by their AsOf. The longer ones are met in two places: by the next recovery, which takes them in by
// the two rules above; and by the owner, when it loads a row that memory had let go. The row is then ahead of all that
// the owner wrote, while the owner's memory is not: it is ErrOvertaken, and recovers. Every row that was ahead when it
// recovered is in memory and stays there until the log has caught up, so that no other row can be.
//
// The tests in recovery_test.go cut the protocol at every step.

// Progress is where a shard stands.
type Progress struct {
	// Offset is the offset of the next event to be applied.
	Offset int64
	// Latest is the time of the latest event in Unix milliseconds. Nothing was applied while Heard is false.
	Latest int64
	Heard  bool
}

// ErrOvertaken is the error of a row that is ahead of all that this shard has written: another instance writes it too.
// The shard must recover.
var ErrOvertaken = errors.New("another instance has written rows of this shard")

// Resume begins a recovery at this progress. The caller then restores all visits that are not over, that have a fact
// after the Horizon, or whose AsOf is above the progress, and tells of all others by Stored; after that all windows
// that end after the Horizon or whose AsOf is above the progress; and ends with Resumed.
func (s *State) Resume(p Progress) {
	s.recovering, s.written = true, p.Offset
	if p.Heard {
		s.latest = p.Latest
		s.horizon = s.watermark() - s.cfg.Keep.Milliseconds()
	}
}

// Resumed ends a recovery.
func (s *State) Resumed() { s.recovering = false }

// admit takes note of a row's AsOf.
func (s *State) admit(asOf int64) error {
	if s.recovering {
		s.replayUntil = max(s.replayUntil, asOf)
		return nil
	}
	if asOf > s.written {
		return ErrOvertaken
	}
	return nil
}

// Horizon is the instant before which visits that ended, and windows, are not in memory: Unix milliseconds.
func (s *State) Horizon() int64 { return s.horizon }

// Stored tells of a visit that is in the store.
func (s *State) Stored(id string) { s.stored.add(id) }

// RestoreVisit takes a visit into memory. It does nothing if the visit is there already.
func (s *State) RestoreVisit(r *visit.Row) error {
	if s.visits.find([]byte(r.ID)) != 0 {
		return nil
	}
	if err := s.admit(r.AsOf); err != nil {
		return fmt.Errorf("visit %q as of %d: %w", r.ID, r.AsOf, err)
	}
	v, err := visit.ParseFacts(r.Facts, s.cfg.Vocabulary)
	if err != nil {
		return fmt.Errorf("visit %q: %w", r.ID, err)
	}
	at := s.visits.add([]byte(r.ID))
	s.visits.restore(at, v)
	e := s.visits.at(at)
	e.asOf = r.AsOf
	if s.recovering {
		s.restatedUntil = max(s.restatedUntil, r.AsOf)
	}
	st := &s.scratch
	s.rules.Derive(v, st)
	if r.Over && !st.Empty && st.Departed == visit.None { // a table may not tell of a visit that is not sound that it lapsed
		e.setLapsed(s.deadline(st))
	} else {
		s.await(at, st)
	}
	e.setOver(over(st, e.lapsed()))
	s.board(standing{}, s.standing(st, e.lapsed()))
	return nil
}

// RestoreWindow takes a window into memory. It does nothing if the window is there already.
func (s *State) RestoreWindow(r *window.Row) error {
	if s.windows.has(r.Key) {
		return nil
	}
	if err := s.admit(r.AsOf); err != nil {
		return fmt.Errorf("window %+v as of %d: %w", r.Key, r.AsOf, err)
	}
	s.windows.put(r.Key, &r.Aggregate)
	if r.AsOf > s.written {
		s.ahead[r.Key] = r.AsOf
	}
	return nil
}

// RestoreHeard takes from the store when a BCP was last heard of; the rest of the row follows from the visits.
func (s *State) RestoreHeard(b event.BCP, d event.Direction, lastEvent int64) {
	row := s.row(b, d)
	row.LastEvent = max(row.LastEvent, lastEvent)
}

// Missing are the windows that must be restored, as far as the store has them, before the next Flush. They come in no
// particular order.
func (s *State) Missing() []window.Key { return s.windows.missing(s.horizon) }
