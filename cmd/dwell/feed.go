package main

import (
	"context"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// feed gathers messages and writes them in batches: a write waits for its acknowledgement.
type feed struct {
	producer *kafka.Producer
	voc      *event.Vocabulary
	batch    []kafka.Message
	written  int64
}

// feedBatch is how many messages are written at once when there is no hurry to be seen.
const feedBatch = 10_000

// structured are the headers of a structured CloudEvent, everywhere those of one that is in every partition.
var (
	structured = []kafka.Header{{Key: []byte("content-type"), Value: []byte("application/cloudevents+json")}}
	everywhere = append(structured[:1:1], kafka.Header{Key: []byte(event.EverywhereHeader), Value: []byte("1")})
)

// messageOf is the record of an event that happened here: it is copied.
func messageOf(voc *event.Vocabulary, e *event.Event, at int64) kafka.Message {
	return placed(e, kafka.Message{
		Key: append([]byte(nil), e.Subject...), Value: event.AppendStructured(nil, voc, e), Headers: structured, Time: at,
	})
}

// placed sends a message into every partition if it is a fact about a place.
func placed(e *event.Event, m kafka.Message) kafka.Message {
	if e.OfPlace() {
		m.Everywhere, m.Headers = true, everywhere
	}
	return m
}

// Add takes an emission of a simulator, which it copies.
func (f *feed) Add(ctx context.Context, em simulator.Emission) error {
	return f.add(ctx, messageOf(f.voc, em.Event, em.At))
}

func (f *feed) add(ctx context.Context, m kafka.Message) error {
	f.batch = append(f.batch, m)
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
