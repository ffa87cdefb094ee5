package kafka

import (
	"context"

	"dwell/ingest/event"
)

// bufferedRecords is how many records Buffered writes at once.
const bufferedRecords = 10_000

// Buffered gathers records and writes them in batches, since each write waits for its acknowledgement. It is for bulk: a
// record is safe only after the Flush that follows. Its methods are not for concurrent use.
type Buffered struct {
	producer *Producer
	records  []event.Record
	written  int64
}

// NewBuffered makes a buffer in front of a producer.
func NewBuffered(p *Producer) *Buffered { return &Buffered{producer: p} }

// Add takes a record, which it keeps until it is written, also after an error.
func (b *Buffered) Add(ctx context.Context, r event.Record) error {
	b.records = append(b.records, r)
	if len(b.records) < bufferedRecords {
		return nil
	}
	return b.Flush(ctx)
}

// Flush writes what has been gathered.
func (b *Buffered) Flush(ctx context.Context) error {
	if len(b.records) == 0 {
		return nil
	}
	if err := b.producer.Write(ctx, b.records...); err != nil {
		return err
	}
	b.written += int64(len(b.records))
	b.records = b.records[:0]
	return nil
}

// Written is how many records have been written.
func (b *Buffered) Written() int64 { return b.written }
