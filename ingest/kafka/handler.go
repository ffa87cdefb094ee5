package kafka

import (
	"context"
	"errors"

	"dwell/ingest/event"
)

// Handler processes the records of a partition. Each assignment of a partition gets a new Handler: it is opened once, then
// handles, then is closed. It is never called by two goroutines at once.
type Handler interface {
	// Open returns the offset to read from: the one after the stored progress of the partition, or Earliest if there is
	// none. After an error the consumer tries again later with a new Handler.
	Open(ctx context.Context, partition int) (next int64, err error)
	// Handle takes the next Batch. It is called with no records at least every Config.Tick while nothing arrives. It holds a
	// decode slot, so slow work belongs in Write. After an error the Handler is closed, and a new one is opened after a
	// pause: nothing is skipped. When the partition is revoked, ctx ends after Config.DrainTimeout.
	Handle(ctx context.Context, batch Batch) error
	// Write is called after each successful Handle; its errors are treated alike. Blocking in it is the back-pressure.
	Write(ctx context.Context) error
	// ShortLog is called where the partition's log ends, at end, before next, up to which the Handler has been given it. What is
	// written to the log from then on has offsets that it has had before. The Handler is closed after it, as after a failed Handle,
	// and a new one is opened after a pause: its Open may wait until the log can be read on.
	ShortLog(ctx context.Context, next, end int64) error
	// Close is called once after a successful Open. It flushes until ctx ends; after a failed Handle ctx has ended already,
	// and Close only frees memory.
	Close(ctx context.Context) error
}

// ErrReopen is what Handle, Write or ShortLog of a Handler return, or wrap, where it asks to be opened again, as to read from another offset. The Handler
// is closed as after an error, but this is no failure: the Handler has logged why, and the consumer neither logs nor counts it.
var ErrReopen = errors.New("the partition is to be opened again")

// Batch is records of one partition in offset order.
type Batch struct {
	// Records, with one for each batch that cannot be read (event.Record.Unreadable), and all that they point to, are valid until the call of Handler.Handle that brought them returns. They may be
	// empty: at a tick, and after records that no Handler sees (transaction markers, aborted transactions, records removed
	// by compaction or retention).
	Records []event.Record
	// Next is the offset at which the next Batch starts. It never decreases, and is after the last of Records.
	Next int64
	// HighWatermark is the end of the partition as of the last fetch, -1 before the first.
	HighWatermark int64
}

// Earliest is the offset of a partition without progress: reading begins at the first record that Kafka still has, and an
// earlier one counts as lost only where the log itself says so (shortlog.go).
const Earliest int64 = -1

// Observer is notified for metrics. It is called from several goroutines and must not block.
type Observer interface {
	// Joined is called when this process has joined the group, with the partitions that it was assigned: none where there are
	// more processes than partitions. Left is called when these are closed, before it joins again.
	Joined(assigned []int)
	Left()
	// Reached is called every few seconds: with nil while the coordinator of the group and the leaders of the assigned partitions
	// answer, else with why they do not.
	Reached(err error)
	// Assigned is called when the partition is assigned to this process, or revoked.
	Assigned(partition int, now bool)
	// Opened is called when the Handler of the partition is open, with the offset that it reads from.
	Opened(partition int, next int64)
	// Fetched counts fetched bytes, compressed; highWatermark is the end of the partition as of the fetch. Where a producer's transaction is
	// open, lastStable is the offset at which it began, before highWatermark: nothing from there on can be read until it ends.
	Fetched(partition int, bytes int, highWatermark, lastStable int64)
	// Handled counts the records that the Handler has taken.
	Handled(partition int, records int)
	// Buffered is how many fetched bytes wait for the Handler.
	Buffered(partition int, bytes int)
	// Failed counts failures that are retried.
	Failed(what Failure)
	// Standing is called with why a partition is not read on: what was fetched of it is damaged, or the broker cannot read it. It is over
	// with the next batch that the Handler takes.
	Standing(partition int, why error)
	// Lost counts records that were deleted, by retention or with a part of the log, before they were read.
	Lost(partition int, records int64)
}

// Failure is an operation that failed and is retried.
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

// Unobserved is an Observer that notes nothing.
type Unobserved struct{}

func (Unobserved) Joined([]int)                   {}
func (Unobserved) Left()                          {}
func (Unobserved) Reached(error)                  {}
func (Unobserved) Assigned(int, bool)             {}
func (Unobserved) Opened(int, int64)              {}
func (Unobserved) Fetched(int, int, int64, int64) {}
func (Unobserved) Handled(int, int)               {}
func (Unobserved) Buffered(int, int)              {}
func (Unobserved) Failed(Failure)                 {}
func (Unobserved) Standing(int, error)            {}
func (Unobserved) Lost(int, int64)                {}
