package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/metrics/clickhouse"
	"dwell/metrics/pipeline"
	"dwell/metrics/shard"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// open opens a store in a database of its own, in the real engine.
func open(t testing.TB, cfg pipeline.Config) *clickhouse.Store {
	t.Helper()
	server := clickhousetest.Start(t)
	c := clickhouse.DefaultConfig()
	c.Addresses, c.Protocol, c.Database, c.Compression = []string{server.Addr}, "http", server.Database, "none"
	store, err := clickhouse.Open(t.Context(), c, cfg.Engine.Vocabulary)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return store
}

var errCut = errors.New("the power is off")

// cutting is a store whose process dies at its nth write: before it, or in the middle of it.
type cutting struct {
	*clickhouse.Store
	left int
	half bool
	off  context.CancelFunc
}

// dies counts a write, and says whether the process dies at it.
func (c *cutting) dies() bool {
	c.left--
	if c.left == 0 {
		c.off()
	}
	return c.left <= 0
}

func (c *cutting) WriteRaw(ctx context.Context, id int, raw *shard.Raw) error {
	if c.dies() {
		return errCut
	}
	return c.Store.WriteRaw(ctx, id, raw)
}

func (c *cutting) WriteRestatements(ctx context.Context, id int, rows []window.Restatement) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.WriteRestatements(context.WithoutCancel(ctx), id, rows[:len(rows)/2]))
		}
		return errCut
	}
	return c.Store.WriteRestatements(ctx, id, rows)
}

func (c *cutting) WriteWindows(ctx context.Context, id int, rows []window.Row) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.WriteWindows(context.WithoutCancel(ctx), id, rows[:len(rows)/2]))
		}
		return errCut
	}
	return c.Store.WriteWindows(ctx, id, rows)
}

func (c *cutting) WriteVisits(ctx context.Context, id int, rows []visit.Row) error {
	if c.dies() {
		if c.half && c.left == 0 {
			return errors.Join(errCut, c.Store.WriteVisits(context.WithoutCancel(ctx), id, rows[:len(rows)/2]))
		}
		return errCut
	}
	return c.Store.WriteVisits(ctx, id, rows)
}

func (c *cutting) WriteInside(ctx context.Context, id int, rows []shard.Inside) error {
	if c.dies() {
		return errCut
	}
	return c.Store.WriteInside(ctx, id, rows)
}

func (c *cutting) WriteProgress(ctx context.Context, id int, f *shard.Flush) error {
	if c.dies() {
		return errCut
	}
	return c.Store.WriteProgress(ctx, id, f)
}

// work reads the log from where the store says until it ends or the process dies, and flushes after every batch.
func work(ctx context.Context, t *testing.T, cfg pipeline.Config, store pipeline.Store, log []pipeline.Record, batch int) error {
	t.Helper()
	s := pipeline.New(cfg, 0, pipeline.Parts{
		Store: store, DeadLetters: forgetful{}, Commit: func(context.Context, int64) error { return nil },
		Observer: unobserved{}, Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler),
		Now: time.Now,
	})
	next, err := s.Open(ctx)
	if err != nil {
		return err
	}
	for int(next) < len(log) {
		part := log[next:min(int(next)+batch, len(log))]
		next += int64(len(part))
		if err := s.Handle(ctx, part, next, int64(len(log))); err != nil {
			return err
		}
	}
	return s.Close(ctx)
}

// content is what the tables say, whoever wrote it and in whatever steps.
func content(t *testing.T, store *clickhouse.Store) string {
	t.Helper()
	var all string
	for _, table := range []string{
		"events FINAL",
		"(SELECT * EXCEPT as_of FROM visits FINAL)",
		"(SELECT * EXCEPT as_of FROM windows FINAL WHERE n != 0)",
		"(SELECT * EXCEPT written_at FROM restatements FINAL)",
		"(SELECT * EXCEPT as_of FROM inside_now FINAL)",
	} {
		var rows, sum uint64
		row := store.Conn().QueryRow(t.Context(), "SELECT count(), sum(cityHash64(tuple(*))) FROM "+table)
		if err := row.Scan(&rows, &sum); err != nil {
			t.Fatal(err)
		}
		if rows == 0 {
			t.Fatalf("%s is empty", table)
		}
		all += fmt.Sprintf("%s: %d rows, sum %x\n", table, rows, sum)
	}
	return all
}

// TestACrashAtEveryStepOfAFlush dies before, and in the middle of, every write of several flushes, starts again, and
// finds the tables of the undisturbed run.
func TestACrashAtEveryStepOfAFlush(t *testing.T) {
	records, cfg := week(t)
	log := records[20_000:22_400]
	for i := range log {
		log[i].Offset = int64(i)
	}
	cfg.FlushBytes = 1 // flush after every batch
	cfg.Engine.Keep = 2 * time.Hour
	cfg.RetryMax = time.Millisecond
	const batch, writes = 600, 6
	undisturbed := open(t, cfg)
	if err := work(t.Context(), t, cfg, undisturbed, log, batch); err != nil {
		t.Fatal(err)
	}
	want := content(t, undisturbed)
	for step := 1; step <= 2*writes+1; step++ {
		for _, half := range []bool{false, true} {
			if inFlush := (step-1)%writes + 1; half && inFlush != 2 && inFlush != 3 && inFlush != 4 {
				continue // only restatements, windows and visits are many rows
			}
			t.Run(fmt.Sprintf("write %d, half %v", step, half), func(t *testing.T) {
				store := open(t, cfg)
				ctx, off := context.WithCancel(t.Context())
				err := work(ctx, t, cfg, &cutting{store, step, half, off}, log, batch)
				if !errors.Is(err, errCut) {
					t.Fatalf("got error %v, want that the power is off", err)
				}
				// Another batch size: a flush after the crash need not end where the one before it did.
				if err := work(t.Context(), t, cfg, store, log, batch/2+77); err != nil {
					t.Fatal(err)
				}
				if got := content(t, store); got != want {
					t.Errorf("after the crash:\n%swithout it:\n%s", got, want)
				}
			})
		}
	}
}
