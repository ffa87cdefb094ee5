package pipeline_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// flushes counts them.
type flushes struct {
	forgetful
	n int
}

func (f *flushes) WriteProgress(context.Context, int, *engine.Flush) error {
	f.n++
	return nil
}

// farAhead is the end of a log that the shard is far behind, so that it waits for its flushes.
const farAhead = 1 << 40

// A shard alone keeps what five share by fifths. Those that have closed have no part of it.
func TestOpenShardsShareTheFlushBudget(t *testing.T) {
	records, cfg := weeks(t, 1)
	records = records[:100_000]
	cfg.FlushEvery = time.Hour
	flushed := func(open, closed int) int {
		budget := pipeline.NewBudget(4 << 20)
		counted := &flushes{}
		parts := pipeline.Parts{
			Store: counted, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil }, Budget: budget,
			Observer: unobserved{}, Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler),
			Now: func() time.Time { return time.Unix(0, 0) }, // it is never time to flush
		}
		var s *pipeline.Shard
		for id := range open + closed {
			s = pipeline.New(cfg, id, parts)
			if _, err := s.Open(t.Context()); err != nil {
				t.Fatal(err)
			}
			if id < closed {
				if err := s.Close(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for at := 0; at < len(records); at += 100 {
			part := records[at : at+100]
			if err := handle(t.Context(), s, part, part[99].Offset+1, farAhead); err != nil {
				t.Fatal(err)
			}
		}
		return counted.n
	}
	alone, five, left := flushed(1, 0), flushed(5, 0), flushed(1, 4)
	if alone == 0 || five < 4*alone || five > 7*alone || left != alone {
		t.Errorf("%d flushes of a shard alone, %d of one of five, %d of one that is left of five", alone, five, left)
	}
}
