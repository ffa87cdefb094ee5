package kafka

import (
	"context"

	"dwell/ingest/event"
)

// Handler is what a partition's records are for. One Handler serves one stay of one partition in this process: it is
// opened once, then handles, then is closed. It is never called by two goroutines at once.
type Handler interface {
	// Open returns the offset to read from: the next one after all that is stored for the partition, or Earliest where
	// nothing is. An error makes the consumer try again later with a new Handler.
	Open(ctx context.Context, partition int) (next int64, err error)
	// Handle takes the next Batch. It is called with no records at least every Config.Tick while nothing arrives. Only so
	// many Handlers handle at once as keep the machine busy, so what may take long is for Write. After an error the Handler
	// is closed, and a new one is opened after a pause: nothing is skipped. When the partition is revoked, ctx ends at the
	// end of the time to drain.
	Handle(ctx context.Context, batch Batch) error
	// Write is called after each Handle that succeeded, and an error of it is as one of Handle. Not returning is the
	// back-pressure.
	Write(ctx context.Context) error
	// Close is called once after an Open that succeeded. It flushes what it can until ctx ends; after a failed Handle
	// ctx has ended already, and there is only memory to let go.
	Close(ctx context.Context) error
}

// Batch is what a Handler is given at once: records in offset order, all of one partition.
type Batch struct {
	// Records, and all that they point to, are valid until the call of Handler.Handle that brought them returns. They may be
	// empty: at a tick, and where only records that no Handler sees were passed (transaction markers, aborted transactions,
	// records that compaction or retention removed).
	Records []event.Record
	// Next is the offset from which the next Batch goes on. It never falls, and is past the last of Records.
	Next int64
	// HighWatermark is the end of the partition as of the last fetch: Next has caught up when it has reached it. It is
	// -1 until the first fetch.
	HighWatermark int64
}

// Earliest is the offset of a partition of which nothing is stored yet: reading begins at the first record that Kafka
// still has, and no earlier one counts as lost.
const Earliest int64 = -1

// Observer is told what happens, for metrics. It is called from several goroutines and must not block.
type Observer interface {
	// Assigned tells that this process handles the partition now, or does no longer.
	Assigned(partition int, now bool)
	// Fetched counts what has arrived: bytes as sent, compressed.
	Fetched(partition int, bytes int)
	// Handled counts what the Handler has taken, and tells how far it is: lag is highWatermark - next.
	Handled(partition int, records int, next, highWatermark int64)
	// Buffered is how many fetched bytes wait for the Handler.
	Buffered(partition int, bytes int)
	// Failed counts what had to be tried again.
	Failed(what Failure)
	// Lost counts records that retention deleted before they were read.
	Lost(partition int, records int64)
}

// Failure is something that had to be tried again.
type Failure string

// The failures.
const (
	GroupFailure     Failure = "group"
	MetadataFailure  Failure = "metadata"
	FetchFailure     Failure = "fetch"
	PartitionFailure Failure = "partition"
	RecordsFailure   Failure = "records"
	OpenFailure      Failure = "open"
	HandleFailure    Failure = "handle"
	CloseFailure     Failure = "close"
	CommitFailure    Failure = "commit"
)

// Failures lists every failure, so that each can be counted from zero.
func Failures() []Failure {
	return []Failure{
		GroupFailure, MetadataFailure, FetchFailure, PartitionFailure, RecordsFailure,
		OpenFailure, HandleFailure, CloseFailure, CommitFailure,
	}
}

type unobserved struct{}

func (unobserved) Assigned(int, bool)             {}
func (unobserved) Fetched(int, int)               {}
func (unobserved) Handled(int, int, int64, int64) {}
func (unobserved) Buffered(int, int)              {}
func (unobserved) Failed(Failure)                 {}
func (unobserved) Lost(int, int64)                {}
