package pipeline_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"dwell/metrics/engine"
)

// fencing is a store in which another instance has opened the shard later.
type fencing struct{ *tables }

func (fencing) AnnounceFlush(context.Context, int, engine.Owner, int64) error {
	return engine.ErrFenced
}

// An owner is fenced while it applies events. Each call says so, and no row is written.
func TestFencedFlushEndsTheShard(t *testing.T) {
	records, cfg := weeks(t, 1)
	cfg.FlushEvery = 0
	synctest.Test(t, func(t *testing.T) {
		a := newTables()
		close(a.back)
		s := shardOf(t, cfg, fencing{a}, a)
		if err := handle(t.Context(), s, records[:100], 100, 100); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		for name, err := range map[string]error{
			"Handle": s.Handle(t.Context(), records[100:200], 200, 200), "Write": s.Write(t.Context()), "Close": s.Close(t.Context()),
		} {
			if !errors.Is(err, engine.ErrFenced) {
				t.Errorf("%s returns %v", name, err)
			}
		}
		if batches, _ := a.applied(); batches != 1 || len(a.visits) != 0 || len(a.windows) != 0 || a.asOf != 0 {
			t.Errorf("%d batches were applied, %d visits and %d windows written, as of %d", batches, len(a.visits), len(a.windows), a.asOf)
		}
	})
}

// A partition is taken away while ClickHouse hangs: Close gives up when its time is over, and nothing is written after it.
func TestCloseEndsAFlushThatHangs(t *testing.T) {
	records, cfg := weeks(t, 1)
	cfg.FlushEvery = 0
	synctest.Test(t, func(t *testing.T) {
		a := newTables()
		s := a.shard(t, cfg)
		if err := handle(t.Context(), s, records[:100], 100, 100); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		begin := time.Now()
		if err := s.Close(ctx); !errors.Is(err, context.Canceled) || time.Since(begin) != time.Minute {
			t.Errorf("Close returned %v after %s", err, time.Since(begin))
		}
		close(a.back)
		synctest.Wait()
		if len(a.events) != 0 {
			t.Errorf("%d events are stored", len(a.events))
		}
		if next, err := s.Open(t.Context()); err != nil || next != 0 {
			t.Errorf("opened again at %d, %v", next, err)
		}
	})
}
