package pipeline

import (
	"context"
	"iter"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Store holds the rows that the shards compute. Of each key the row with the highest AsOf counts, so that writing a row
// twice, or after a newer one, changes nothing. A write that has returned survives a crash. All shards use it concurrently,
// each with one call at a time.
//
// After an error any part of the write may have happened; the shard then recovers.
type Store interface {
	// AcquireEpoch makes a new owner of the shard with the highest epoch, and returns the offsets above the progress as of
	// which earlier owners have announced flushes.
	AcquireEpoch(ctx context.Context, shard int) (o engine.Owner, announced []int64, err error)
	// AnnounceFlush writes the owner's intent to write rows as of an offset. It returns engine.ErrFenced if an owner has a later
	// epoch. Of AcquireEpoch and AnnounceFlush at the same time at least one sees the other.
	AnnounceFlush(ctx context.Context, shard int, o engine.Owner, asOf int64) error

	// Progress is the shard's latest progress, zero if it never wrote any.
	Progress(ctx context.Context, shard int) (engine.Progress, error)
	// Retentions returns the shard's retentions in the order of their offsets.
	Retentions(ctx context.Context, shard int) ([]engine.Retention, error)
	// WriteRetention stores a retention, and returns it with the offset from which on it holds, which may be later.
	WriteRetention(ctx context.Context, shard int, r engine.Retention) (engine.Retention, error)
	// RecentVisits yields every visit that is not over, has a fact after the horizon (Unix milliseconds), or has an AsOf
	// above ahead; and calls stored with the key of every other.
	RecentVisits(ctx context.Context, shard int, horizon, ahead int64, yield func(*visit.Row) error, stored func(visit.Key)) error
	// RecentWindows yields every window that ends after the horizon or has an AsOf above ahead, and perhaps some more.
	RecentWindows(ctx context.Context, shard int, horizon, ahead int64, yield func(*window.Row) error) error
	// LastEvents yields the times of the latest events of each BCP and direction.
	LastEvents(ctx context.Context, shard int, yield func(engine.LastEvents)) error
	// Hours yields, in any order, the shard's openings and closings of BCPs before an offset, with the retractions of events
	// about places.
	Hours(ctx context.Context, shard int, before int64, yield func(*event.Event)) error
	// OverDuring returns the visits that are over and have facts before the end and after the beginning of one of these overlaps at
	// their BCP, without their State.
	OverDuring(ctx context.Context, shard int, during []engine.Overlap) ([]visit.Row, error)
	// Visits returns the stored rows of these visits, without their State.
	Visits(ctx context.Context, shard int, keys []visit.Key) ([]visit.Row, error)
	// Windows returns the stored rows of these windows.
	Windows(ctx context.Context, shard int, keys []window.Key) ([]window.Row, error)

	// WriteRaw writes the events, readings and dead letters. Writing the same offset again adds nothing.
	WriteRaw(ctx context.Context, shard int, raw *engine.Raw) error
	// WriteRestatements comes before windows and visits, so that no event in those lacks its restatements.
	WriteRestatements(ctx context.Context, shard int, rows []window.Restatement) error
	// WriteWindows writes rows, each of which is valid until the next.
	WriteWindows(ctx context.Context, shard int, rows iter.Seq[*window.Row]) error
	// WriteVisits writes rows, which chunks yields at most that many at a time, valid until the next chunk. Chunks may be
	// called again.
	WriteVisits(ctx context.Context, shard int, chunks func(most int) iter.Seq[[]visit.Row]) error
	// EncodeWindows and EncodeVisits encode rows as WriteWindows and WriteVisits do. Write writes them, once or again, whatever has
	// become of the rows; bytes is the memory that they take until then.
	EncodeWindows(shard int, rows iter.Seq[*window.Row]) (write func(context.Context) error, bytes int)
	EncodeVisits(shard int, chunks func(most int) iter.Seq[[]visit.Row]) (write func(context.Context) error, bytes int)
	WriteInside(ctx context.Context, shard int, rows []engine.Inside) error
	// WriteProgress is the last write of a flush: everything as of its offset has been written before.
	WriteProgress(ctx context.Context, shard int, f *engine.Flush) error
}
