package engine

import (
	"cmp"
	"errors"
	"fmt"
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
//   - its visit's row has AsOf > o: the row has the event. It was written after all windows of its flush, so they have the
//     event's contribution too: both are left alone (Replayed);
//   - else the event is applied to the visit, with the same result as the first time. Its deltas are applied to the windows
//     whose own AsOf <= o (windows.applyDeltas); the others have them already. Deltas are collected at every AsOf that a
//     window may have, so that no window has only a part of deltas that were collected together.
//
// A restatement is of one event and all visits that it changed, and of those some rows may be ahead and others not. But
// restatements are written before visits: where any visit is ahead, all restatements of events before its AsOf are
// stored, and a replay makes none of them again.
//
// Events after O may be applied while the flush at O is written: its rows were made before, and the state holds what the log
// says up to the next event, whether rows are in a table yet or not. Only what a flush evicts is in its rows alone, so the caller
// waits until they are written before it loads a row (metrics/pipeline, inflight.go).
//
// So it makes no difference which rows of the last flush were written: none, some, all, or all twice. Visits are loaded
// before windows, so that of rows that are written in between only windows can be newer.
//
// An instance that has lost the partition may not know it yet, and continue to write. Each instance that opens the shard
// therefore acquires a higher epoch first; and before each flush it announces the offset as of which it will write, and
// then looks for a higher epoch: if there is one, it is fenced, and writes nothing more. The next owner acquires its epoch
// first and then reads what was announced. Of two that write and then read, one at least sees the other: either the
// older one writes nothing, or the newer one knows the offset I as of which rows of the older one may still come, whenever
// that is. Until its log has reached I it writes nothing but raw events, and exactly at I it collects the deltas of its
// visits (dirty.go): so it writes, as of a later offset, every window that another instance may write as of I, also one
// that changed and then changed back; and the occupancy it writes anew at its first flush in any case. Rows with an
// AsOf above the progress that are read in a recovery show such offsets too. So the flushes of a shard, whichever instance
// makes them, are as of offsets that only ever rise.
//
// A row that is ahead of all that its owner wrote, and that is loaded after memory had freed it, is another instance's too:
// it is ErrFenced, and the owner recovers. Every row that was ahead when it recovered is in memory and stays there until the
// log has caught up, so that no other row can be.
//
// The tests in recovery_test.go cut the protocol at every step.

// Progress is how much of a shard's log the store includes.
type Progress struct {
	// Offset is the offset of the next event to be applied.
	Offset int64
	// Latest is the time that the watermark follows (sources.go), in Unix milliseconds, which is that of the latest event if brokers
	// gave records their times. It is meaningless while HasLatest is false: no event has been applied yet.
	Latest    int64
	HasLatest bool
	// Sources are those that lead the last blocks of offsets.
	Sources Sources
	// Records is how many records of the log come before Offset: events and dead letters. It is less than Offset where offsets have
	// no record, such as those of transactions and of records that Kafka deleted before they were read, and where records belong to
	// other shards.
	Records int64
}

// Owner is an instance that has opened a shard: it comes after those with a lower epoch, and after those with a lower
// number in the same epoch.
type Owner struct{ Epoch, Number uint64 }

// After reports whether o came after another owner of its shard.
func (o Owner) After(other Owner) bool {
	return cmp.Or(cmp.Compare(o.Epoch, other.Epoch), cmp.Compare(o.Number, other.Number)) > 0
}

// ErrFenced is the error of an owner whose shard another instance has opened after it, or that has loaded a row which is
// ahead of all that it wrote. It must recover, if it still has the shard.
var ErrFenced = errors.New("another instance owns this shard, or has owned it meanwhile")

// Resume begins a recovery at this progress. The caller then restores all visits that are not over, that have a fact
// after the Horizon, or whose AsOf is above the progress, and calls Stored for all others; after that all windows
// that end after the Horizon or whose AsOf is above the progress; and calls Resumed.
func (s *State) Resume(p Progress) {
	s.recovering, s.written, s.applied = true, p.Offset, p.Offset-1
	if p.HasLatest {
		s.lead = lead{p.Latest, p.Sources}
		s.horizon = s.watermark() - s.cfg.MemoryRetention.Milliseconds()
	}
}

// Resumed ends a recovery.
func (s *State) Resumed() { s.recovering = false }

// Announced takes, in a recovery, an offset as of which another instance may have written rows, or may still write them.
func (s *State) Announced(asOf int64) {
	if at, known := slices.BinarySearch(s.boundaries, asOf); !known && asOf > s.written {
		s.boundaries = slices.Insert(s.boundaries, at, asOf)
	}
}

// FlushFrom is the lowest offset as of which the next flush may be.
func (s *State) FlushFrom() int64 {
	if n := len(s.boundaries); n > 0 {
		return s.boundaries[n-1]
	}
	return s.written
}

// admit checks a row's AsOf, or in a recovery takes it as announced.
func (s *State) admit(asOf int64) error {
	if s.recovering {
		s.Announced(asOf)
		return nil
	}
	if asOf > s.written {
		return ErrFenced
	}
	return nil
}

// Horizon is the instant before which windows and finished visits are not in memory, in Unix milliseconds.
func (s *State) Horizon() int64 { return s.horizon }

// Stored takes the key of a visit that is in the store and not restored.
func (s *State) Stored(k visit.Key) { s.stored.Add(string(s.key(k.BCP, []byte(k.ID)))) }

// RestoreVisit takes a visit into memory. It does nothing if the visit is already in memory, or is absent by the retention: its
// row may be one that another instance wrote late, after a newer one had been deleted.
func (s *State) RestoreVisit(r *visit.Row) error {
	key := s.key(r.BCP, []byte(r.ID))
	if s.visits.Find(key) != 0 {
		return nil
	}
	if err := s.admit(r.AsOf); err != nil {
		return fmt.Errorf("visit %q as of %d: %w", r.ID, r.AsOf, err)
	}
	v, err := visit.ParseFacts(r.Facts, r.BCP, s.cfg.Vocabulary)
	if err != nil {
		return fmt.Errorf("visit %q: %w", r.ID, err)
	}
	if len(s.retentions) > 0 && r.AsOf <= s.applied+1 && s.isAbsent(v.Facts(), r.Month, s.applied+1, s.latest) {
		return nil
	}
	at := s.visits.Add(key, r.Month)
	s.forget()
	s.visits.restore(at, v)
	e := s.visits.At(at)
	e.asOf = r.AsOf
	if s.recovering {
		s.restatedUntil = max(s.restatedUntil, r.AsOf)
	}
	st := s.derive(at)
	s.newest = max(s.newest, st.Last)
	if r.Lapsed != visit.None {
		e.setLapsed(r.Lapsed)
	} else {
		s.await(at, st)
	}
	e.setOver(over(st, e.lapsed()))
	s.updateOccupancy(occupancy{}, s.occupancyOf(at, st))
	return nil
}

// RestoreWindow takes a window into memory. It does nothing if the window is already in memory.
func (s *State) RestoreWindow(r *window.Row) error {
	if s.windows.has(r.Key) {
		return nil
	}
	if err := s.admit(r.AsOf); err != nil {
		return fmt.Errorf("window %+v as of %d: %w", r.Key, r.AsOf, err)
	}
	s.windows.restore(r.Key, &r.Aggregate)
	if r.Key.Grain == window.Hour {
		s.noteHour(r.Key)
	}
	if r.AsOf > s.written {
		s.ahead[r.Key] = r.AsOf
	}
	return nil
}

// LastEvents are the times of the latest event of a BCP and direction and of the latest one about a visit there, Unix
// milliseconds, or Never.
type LastEvents struct {
	BCP          event.BCP
	Direction    event.Direction
	Any, OfTruck int64
}

// RestoreLastEvents takes the times of the latest events from the store; the rest of the row follows from the visits.
func (s *State) RestoreLastEvents(l LastEvents) {
	row := s.row(l.BCP, l.Direction)
	row.LastEvent, row.LastTruckEvent = max(row.LastEvent, l.Any), max(row.LastTruckEvent, l.OfTruck)
}

// Missing are the windows that must be restored, as far as the store has them, before the next Flush, without an event in
// between. They are in no particular order.
func (s *State) Missing() []window.Key {
	s.collectDeltas(false)
	return s.windows.missing(s.horizon)
}
