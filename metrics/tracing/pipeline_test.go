package tracing

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// accepting is a store that takes everything and has nothing.
type accepting struct{}

func (accepting) AcquireEpoch(context.Context, int) (o engine.Owner, announced []int64, err error) {
	return o, nil, nil
}

func (accepting) Retentions(context.Context, int) ([]engine.Retention, error) { return nil, nil }

func (accepting) WriteRetention(_ context.Context, _ int, r engine.Retention) (engine.Retention, error) {
	return r, nil
}

func (accepting) AnnounceFlush(context.Context, int, engine.Owner, int64) error { return nil }

func (accepting) Progress(context.Context, int) (p engine.Progress, err error) { return p, nil }
func (accepting) RecentVisits(context.Context, int, int64, int64, func(*visit.Row) error, func(visit.Key)) error {
	return nil
}

func (accepting) RecentWindows(context.Context, int, int64, int64, func(*window.Row) error) error {
	return nil
}

func (accepting) LastEvents(context.Context, int, func(engine.LastEvents)) error { return nil }

func (accepting) Hours(context.Context, int, int64, func(*event.Event)) error { return nil }

func (accepting) OverDuring(context.Context, int, []engine.Overlap) ([]visit.Row, error) {
	return nil, nil
}

func (accepting) Visits(context.Context, int, []visit.Key) ([]visit.Row, error) { return nil, nil }

func (accepting) Windows(context.Context, int, []window.Key) ([]window.Row, error) { return nil, nil }

func (accepting) WriteRaw(context.Context, int, *engine.Raw) error { return nil }

func (accepting) WriteWindows(context.Context, int, iter.Seq[*window.Row]) error { return nil }

func (accepting) WriteVisits(context.Context, int, func(int) iter.Seq[[]visit.Row]) error { return nil }

func (accepting) EncodeWindows(int, iter.Seq[*window.Row]) (write func(context.Context) error, bytes int) {
	return nil, 0
}

func (accepting) EncodeVisits(int, func(int) iter.Seq[[]visit.Row]) (write func(context.Context) error, bytes int) {
	return nil, 0
}

func (accepting) WriteRestatements(context.Context, int, []window.Restatement) error { return nil }

func (accepting) WriteInside(context.Context, int, []engine.Inside) error { return nil }

func (accepting) WriteProgress(context.Context, int, *engine.Flush) error { return nil }

// flushes records the trace of each reported flush.
type flushes struct{ traces []trace.TraceID }

func (*flushes) Published(int, *engine.Overview)                          {}
func (*flushes) Applied(int, *pipeline.Batch)                             {}
func (*flushes) Written(context.Context, int, string, int, time.Duration) {}
func (*flushes) Memory(int, int, int)                                     {}
func (*flushes) Stalled(int, error)                                       {}
func (*flushes) Closed(int)                                               {}
func (f *flushes) Flushed(ctx context.Context, _ int, _ *engine.Flush, _ time.Duration) {
	f.traces = append(f.traces, trace.SpanContextFromContext(ctx).TraceID())
}

// tree writes spans as an indented tree, in the order in which they began.
func tree(spans tracetest.SpanStubs) string {
	slices.SortStableFunc(spans, func(a, b tracetest.SpanStub) int { return a.StartTime.Compare(b.StartTime) })
	var b strings.Builder
	var branch func(parent trace.SpanID, indent string)
	branch = func(parent trace.SpanID, indent string) {
		for _, s := range spans {
			if s.Parent.SpanID() == parent {
				b.WriteString(indent + s.Name + "\n")
				branch(s.SpanContext.SpanID(), indent+"  ")
			}
		}
	}
	branch(trace.SpanID{}, "")
	return b.String()
}

// A truck arrives and an unreadable message follows: the batch is decoded, and flushed table by table.
func TestSpansOfABatchWithAFlush(t *testing.T) {
	memory := tracetest.NewInMemoryExporter()
	cfg := DefaultConfig()
	cfg.SampleRatio = 1
	p := provider(cfg, "test", sdk.WithSyncer(memory))
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	eight := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
	arrived := event.Event{
		Type: event.TruckArrived, ID: []byte("1"), Source: []byte("/gate"), Subject: []byte("T1"),
		BCP: 1, Direction: event.Inbound, Time: eight, Recorded: eight,
	}
	observer := &flushes{}
	loop := pipeline.DefaultConfig()
	loop.FlushEvery = 0
	loop.Engine.Vocabulary = voc
	loop.Engine.Places = []place.Place{{Zone: time.UTC, LapseAfter: 24 * time.Hour}}
	s := pipeline.New(loop, 3, pipeline.Parts{
		Store: accepting{}, DeadLetters: func(context.Context, ...event.DeadLetter) error { return nil }, Observer: observer, Tracer: p.Tracer(scope), Now: time.Now,
		Commit: func(context.Context, int64) error { return nil }, Log: slog.New(slog.DiscardHandler),
	})
	next, err := s.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	next = max(next, 0)
	records := []event.Record{
		{Offset: next, Key: []byte("T1"), Value: event.AppendStructured(nil, voc, &arrived), Time: eight},
		{Offset: next + 1, Value: []byte("?"), Time: eight},
	}
	// The shard is far behind its log, so it waits for its flush.
	if err := s.Handle(t.Context(), records, next+2, next+2+1<<20); err != nil {
		t.Fatal(err)
	}
	if err := s.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	spans := memory.GetSpans()
	const want = `shard.open
shard.batch
  shard.decode
shard.flush
  write dead_letter_topic
  write events
  write owners
  write windows
  write visits
  write inside_now
  write progress
  commit
`
	if got := tree(spans); got != want {
		t.Errorf("spans\n%swant\n%s", got, want)
	}
	for _, s := range spans {
		if s.Name == "shard.flush" && !slices.Equal(observer.traces, []trace.TraceID{s.SpanContext.TraceID()}) {
			t.Errorf("the flush was reported in traces %v, its span is in %v", observer.traces, s.SpanContext.TraceID())
		}
		if s.Name == "write windows" && fmt.Sprint(s.Attributes) == "[]" {
			t.Error("a write does not say how many rows it has")
		}
	}
}
