package pipeline

import (
	"context"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/window"
)

// Observer is notified by all shards, each from its own goroutine and from the one that writes a flush, so it must be safe for
// concurrent use. Arguments are valid during the call only.
type Observer interface {
	// Published is called with what the shard knows: when it has recovered from the store, after events, when a flush begins, and before
	// the shard waits for one because its buffer is full. The overview may be kept.
	Published(shard int, o *engine.Overview)
	// Applied is called after every batch.
	Applied(shard int, b *Batch)
	// Written is called after every write of a flush, in the context of its span. Table is the table's name, or
	// "dead_letter_topic", "other_partitions" or "commit".
	Written(ctx context.Context, shard int, table string, rows int, took time.Duration)
	// Flushed is called when a flush is complete, in the context of its span. The flush has no Windows and Visits any more.
	Flushed(ctx context.Context, shard int, f *engine.Flush, took time.Duration)
	// Memory is called when a flush begins, with the number of visits and windows in memory.
	Memory(shard int, visits, windows int)
	// Stalled is called with the error each time a write or read fails, and with nil when it succeeds again.
	Stalled(shard int, err error)
	// Closed is called when this process has given up the shard.
	Closed(shard int)
}

// Batch summarises one batch of records.
type Batch struct {
	// Next is the offset after the batch.
	Next int64
	// Bytes is how much is buffered for the next flush.
	Bytes int
	// Events has the class of each valid event.
	Events []EventClass
	// Duplicates changed nothing, Late ones were older than the watermark, Replayed ones were in the store already,
	// Restated ones changed a time that had been reported.
	Duplicates, Late, Replayed, Restated int
	DeadLetters                          map[event.Reason]int
	// Forwarded counts, by source, the events that belong to other shards. They are not among Events here.
	Forwarded map[string]int
	Times     []KnownTime
}

// EventClass is the BCP and the type of an event.
type EventClass struct {
	BCP  event.BCP
	Type event.Type
}

// KnownTime is a time that became known: window.ReleaseTime or window.CrossingTime, in milliseconds.
type KnownTime struct {
	BCP       event.BCP
	Direction event.Direction
	Measure   window.Measure
	Ms        int64
	// NetMs is without the hours in which the BCP was closed.
	NetMs int64
}

func (b *Batch) reset() {
	clear(b.DeadLetters)
	clear(b.Forwarded)
	*b = Batch{Events: b.Events[:0], DeadLetters: b.DeadLetters, Forwarded: b.Forwarded, Times: b.Times[:0]}
}
