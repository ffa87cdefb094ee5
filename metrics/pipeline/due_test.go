package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// afternoon is two shards and a store by a clock on the wall, with what was flushed when.
type afternoon struct {
	forgetful
	unobserved
	clock   time.Time
	slow    time.Duration // that a flush takes
	shards  [2]*pipeline.Shard
	next    [2]int64
	records []event.Record
	flushed []string
}

func (a *afternoon) WriteProgress(_ context.Context, id int, _ *engine.Flush) error {
	a.flushed = append(a.flushed, fmt.Sprintf("%s shard %d", a.clock.Format("05.000"), id))
	a.clock = a.clock.Add(a.slow)
	return nil
}

func newAfternoon(t *testing.T) *afternoon {
	records, cfg := weeks(t, 1)
	cfg.FlushEvery = time.Second
	a := &afternoon{clock: time.Date(2026, 1, 5, 15, 0, 0, 0, time.UTC), records: records}
	for i := range a.shards {
		a.shards[i] = pipeline.New(cfg, i, pipeline.Parts{
			Store: a, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil }, Observer: a,
			Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return a.clock },
		})
		if _, err := a.shards[i].Open(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

// at is a moment at which a shard is called, with a record that has arrived or without one.
func (a *afternoon) at(t *testing.T, ms, id int, arrived bool) {
	t.Helper()
	if at := time.Date(2026, 1, 5, 15, 0, 0, ms*int(time.Millisecond), time.UTC); at.After(a.clock) {
		a.clock = at
	}
	from := a.next[id]
	if arrived {
		a.next[id]++
	}
	if err := handle(t.Context(), a.shards[id], a.records[from:a.next[id]], a.next[id], a.next[id]); err != nil {
		t.Fatal(err)
	}
}

func (a *afternoon) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(a.flushed, want) {
		t.Errorf("flushed %q, should be %q", a.flushed, want)
	}
}

// A truck arrives at one partition, a little later one at the other; both are flushed when the second is over.
func TestShardsFlushAtTheSameTime(t *testing.T) {
	a := newAfternoon(t)
	a.at(t, 300, 0, true)
	a.at(t, 900, 1, true)
	a.at(t, 999, 0, true)
	a.at(t, 1000, 0, false)
	a.at(t, 1001, 1, false)
	a.at(t, 2000, 0, false) // nothing has changed
	a.at(t, 2500, 1, true)
	a.at(t, 3000, 1, true)
	a.want(t, "01.000 shard 0", "01.001 shard 1", "03.000 shard 1")
}

// ClickHouse has become slow. A flush that takes three seconds comes no more often than every four, and after it the shard
// reads for half as long at least; it comes again every second when it is fast.
func TestLongFlushesLeaveTimeToRead(t *testing.T) {
	a := newAfternoon(t)
	a.slow = 3 * time.Second
	for ms := 500; ms < 16_000; ms += 500 {
		if ms == 10_000 {
			a.slow = 0
		}
		if !time.Date(2026, 1, 5, 15, 0, 0, ms*int(time.Millisecond), time.UTC).Before(a.clock) {
			a.at(t, ms, 0, true)
		}
	}
	a.want(t, "01.000 shard 0", "08.000 shard 0", "12.500 shard 0", "14.000 shard 0", "15.000 shard 0")
}
