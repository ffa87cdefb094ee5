package main

import (
	"context"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// feed gathers records and writes them in batches: a write waits for its acknowledgement.
type feed struct {
	producer *kafka.Producer
	voc      *event.Vocabulary
	batch    []event.Record
	written  int64
}

// feedBatch is how many records are written at once when there is no hurry to be seen.
const feedBatch = 10_000

// Add takes an emission of a simulator, which it copies.
func (f *feed) Add(ctx context.Context, em simulator.Emission) error {
	return f.add(ctx, event.NewRecord(f.voc, em.Event, em.At))
}

func (f *feed) add(ctx context.Context, r event.Record) error {
	f.batch = append(f.batch, r)
	if len(f.batch) < feedBatch {
		return nil
	}
	return f.Flush(ctx)
}

// Flush writes what has been gathered.
func (f *feed) Flush(ctx context.Context) error {
	if len(f.batch) == 0 {
		return nil
	}
	if err := f.producer.Write(ctx, f.batch...); err != nil {
		return err
	}
	f.written += int64(len(f.batch))
	f.batch = f.batch[:0]
	return nil
}
