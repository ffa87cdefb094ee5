package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// afternoon is two shards and a store, with what was flushed when. It runs in a bubble, whose clock begins at midnight.
type afternoon struct {
	forgetful
	unobserved
	begin   time.Time
	slow    time.Duration // that a flush takes
	shards  [2]*pipeline.Shard
	next    [2]int64
	records []event.Record
	flushed []string
}

func (a *afternoon) WriteProgress(_ context.Context, id int, _ *engine.Flush) error {
	a.flushed = append(a.flushed, fmt.Sprintf("%s shard %d", time.Now().Format("05.000"), id))
	time.Sleep(a.slow)
	return nil
}

func newAfternoon(t *testing.T, records []event.Record, cfg pipeline.Config) *afternoon {
	cfg.FlushEvery = time.Second
	a := &afternoon{begin: time.Now(), records: records}
	for i := range a.shards {
		a.shards[i] = pipeline.New(cfg, i, pipeline.Parts{
			Store: a, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil }, Observer: a,
			Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: time.Now,
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
	time.Sleep(time.Until(a.begin.Add(time.Duration(ms) * time.Millisecond)))
	synctest.Wait()
	from := a.next[id]
	if arrived {
		a.next[id]++
	}
	if err := handle(t.Context(), a.shards[id], a.records[from:a.next[id]], a.next[id], a.next[id]); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
}

func (a *afternoon) want(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(a.flushed, want) {
		t.Errorf("flushed %q, should be %q", a.flushed, want)
	}
}

// A truck arrives at one partition, a little later one at the other; both are flushed when the second is over.
func TestShardsFlushAtTheSameTime(t *testing.T) {
	records, cfg := weeks(t, 1)
	synctest.Test(t, func(t *testing.T) {
		a := newAfternoon(t, records, cfg)
		a.at(t, 300, 0, true)
		a.at(t, 900, 1, true)
		a.at(t, 999, 0, true)
		a.at(t, 1000, 0, false)
		a.at(t, 1001, 1, false)
		a.at(t, 2000, 0, false) // nothing has changed
		a.at(t, 2500, 1, true)
		a.at(t, 3000, 1, true)
		a.want(t, "01.000 shard 0", "01.001 shard 1", "03.000 shard 1")
	})
}

// ClickHouse has become slow. A flush that takes three seconds comes no more often than every four, and after it comes a pause
// of half as long at least; it comes again every second when it is fast.
func TestLongFlushesComeLessOften(t *testing.T) {
	records, cfg := weeks(t, 1)
	synctest.Test(t, func(t *testing.T) {
		a := newAfternoon(t, records, cfg)
		a.slow = 3 * time.Second
		for ms := 500; ms < 16_000; ms += 500 {
			if ms == 10_000 {
				a.slow = 0
			}
			a.at(t, ms, 0, true)
		}
		a.want(t, "01.000 shard 0", "05.500 shard 0", "10.000 shard 0", "11.000 shard 0", "12.000 shard 0", "13.000 shard 0", "14.000 shard 0", "15.000 shard 0")
	})
}
