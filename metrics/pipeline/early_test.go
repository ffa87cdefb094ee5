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

// awaiting is a store in which another instance has announced a flush as of an offset, and an observer of what is reported.
type awaiting struct {
	forgetful
	unobserved
	announced int64
	reported  []string
}

func (a *awaiting) AcquireEpoch(context.Context, int) (engine.Owner, []int64, error) {
	return engine.Owner{Epoch: 2}, []int64{a.announced}, nil
}

func (a *awaiting) WriteProgress(_ context.Context, _ int, f *engine.Flush) error {
	a.reported = append(a.reported, fmt.Sprintf("flush as of %d", f.AsOf))
	return nil
}

func (a *awaiting) Stalled(_ int, err error) { a.reported = append(a.reported, fmt.Sprint(err)) }

// A new owner flushes no earlier than at an announced flush of another one. If its log ends before that, it reports that.
func TestAnnouncedFlushIsAwaited(t *testing.T) {
	records, cfg := weeks(t, 1)
	cfg.FlushBytes = 1 // flush after every batch
	synctest.Test(t, func(t *testing.T) { announcedFlushIsAwaited(t, records, cfg) })
}

func announcedFlushIsAwaited(t *testing.T, records []event.Record, cfg pipeline.Config) {
	a := &awaiting{announced: 250}
	s := pipeline.New(cfg, 0, pipeline.Parts{
		Store: a, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil },
		Observer: a, Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if _, err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	ends := []int64{400, 200, 200, 400, 400} // end of the log, as each batch reports it
	for at, end := range ends {
		from, to := 100*int64(at), 100*int64(at+1)
		if at == 2 { // nothing new
			from, to = 200, 200
		} else if at > 2 {
			from, to = from-100, to-100
		}
		if err := handle(t.Context(), s, records[from:to], to, end); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
	}
	want := []string{
		"the log ends at offset 200, and rows were announced as of 250: it has lost records", // reported with each batch
		"the log ends at offset 200, and rows were announced as of 250: it has lost records", "<nil>",
		"flush as of 300", "flush as of 400",
	}
	if !slices.Equal(a.reported, want) {
		t.Errorf("reported %q, want %q", a.reported, want)
	}
}
