package app

import (
	"context"
	"iter"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// handler lets a pipeline shard handle a Kafka partition: the one knows nothing of the other.
type handler struct {
	shard   *pipeline.Shard
	headers []event.Header
}

func (h *handler) Open(ctx context.Context, _ int) (int64, error) {
	next, err := h.shard.Open(ctx)
	if err == nil && next == 0 {
		return kafka.Earliest, nil
	}
	return next, err
}

func (h *handler) Handle(ctx context.Context, b kafka.Batch) error {
	return h.shard.Handle(ctx, h.records(b.Records), b.Next, b.HighWatermark)
}

// records are as a shard takes them, in the same memory one after the other.
func (h *handler) records(all []kafka.Record) iter.Seq[*pipeline.Record] {
	return func(yield func(*pipeline.Record) bool) {
		var one pipeline.Record
		for i := range all {
			r := &all[i]
			h.headers = h.headers[:0]
			for _, header := range r.Headers {
				h.headers = append(h.headers, event.Header(header))
			}
			one = pipeline.Record{Offset: r.Offset, Message: event.Message{Key: r.Key, Value: r.Value, Time: r.Time, Headers: h.headers}}
			if !yield(&one) {
				return
			}
		}
	}
}

func (h *handler) Write(ctx context.Context) error { return h.shard.Write(ctx) }

func (h *handler) Close(ctx context.Context) error { return h.shard.Close(ctx) }

// deadLetters writes a shard's dead letters to the dead-letter topic.
type deadLetters struct {
	producer *kafka.Producer
	topic    string
}

func (d deadLetters) Write(ctx context.Context, id int, letters []engine.DeadLetter) error {
	out := make([]kafka.DeadLetter, 0, len(letters))
	for i := range letters {
		l := &letters[i]
		k := kafka.DeadLetter{
			Reason: string(l.Reason), Detail: l.Detail, Topic: d.topic, Partition: id, Offset: l.Offset, Time: l.Logged,
			Key: l.Key, Value: l.Value,
		}
		for j, name := range l.HeaderNames {
			k.Headers = append(k.Headers, kafka.Header{Key: []byte(name), Value: l.HeaderContents[j]})
		}
		out = append(out, k)
	}
	return d.producer.DeadLetters(ctx, out...)
}
