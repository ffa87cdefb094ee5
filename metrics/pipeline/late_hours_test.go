package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/visit"
)

// asked is a store that remembers where it was asked for visits that hours may change.
type asked struct {
	forgetful
	during [][]engine.Overlap
}

func (a *asked) OverDuring(_ context.Context, _ int, during []engine.Overlap) ([]visit.Row, error) {
	a.during = append(a.during, during)
	return nil, nil
}

// A hundred nights of two years ago are reported late, in one batch. Their visits, which have left memory, are read by one query:
// with one for each closing, thousands of them stood for hours.
func TestLateClosingsOfABatchReadTheirVisitsAtOnce(t *testing.T) {
	records, cfg := weeks(t, 1)
	cfg.FlushEvery = 0
	store := &asked{}
	s := pipeline.New(cfg, 0, pipeline.Parts{
		Store: store, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil }, Observer: unobserved{},
		Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	if _, err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	records = records[:1000]
	next := int64(len(records))
	if err := handle(t.Context(), s, records, next, next); err != nil {
		t.Fatal(err)
	}
	voc := cfg.Engine.Vocabulary
	torkham := voc.BCPs()[0]
	var late []event.Record
	for night := range 100 {
		begin := time.Date(2024, 1, 1, 20, 0, 0, 0, time.UTC).AddDate(0, 0, night)
		for _, typ := range []event.Type{event.BCPClosed, event.BCPOpened} {
			e := event.Event{
				Type: typ, ID: fmt.Appendf(nil, "%s %d", typ, night), Source: []byte("post"), Subject: []byte(voc.BCPName(torkham)), BCP: torkham,
				Time: begin.UnixMilli(), Recorded: begin.UnixMilli(),
			}
			r := event.NewRecord(voc, &e, begin.UnixMilli())
			r.Offset = next
			late = append(late, r)
			begin = begin.Add(8 * time.Hour)
			next++
		}
	}
	if err := handle(t.Context(), s, late, next, next); err != nil {
		t.Fatal(err)
	}
	if len(store.during) != 1 {
		t.Fatalf("the store was asked %d times, want once", len(store.during))
	}
	first := time.Date(2024, 1, 1, 20, 0, 0, 0, time.UTC).UnixMilli()
	if got := store.during[0]; got[0].BCP != torkham || got[0].From > first || got[len(got)-1].To <= first {
		t.Errorf("it was asked for %v, want the time from %d on", got, first)
	}
}
