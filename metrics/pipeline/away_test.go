package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// tables are a store that keeps of each key the latest row, and is away until back is closed: it hangs, or refuses each request.
// If readable is set, reads are answered meanwhile.
type tables struct {
	forgetful
	unobserved
	back     chan struct{}
	refuses  bool
	readable bool

	mu      sync.Mutex
	events  map[int64]bool
	visits  map[visit.Key]visit.Row
	windows map[window.Key]window.Row
	asOf    int64
	reports []string // of stalls, as they begin and end
	batches int      // that were applied
	bytes   int      // that the last of them has left in the buffer
	shown   int64    // the offset of the latest overview
}

func newTables() *tables {
	return &tables{
		back: make(chan struct{}), events: map[int64]bool{}, visits: map[visit.Key]visit.Row{}, windows: map[window.Key]window.Row{},
	}
}

// do does a request when the store is there.
func (a *tables) do(ctx context.Context, request func()) error {
	if a.refuses {
		select {
		case <-a.back:
		default:
			return errors.New("connection refused")
		}
	}
	select {
	case <-a.back:
	case <-ctx.Done():
		return ctx.Err()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	request()
	return nil
}

func (a *tables) read(ctx context.Context, request func()) error {
	if !a.readable {
		return a.do(ctx, request)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	request()
	return nil
}

func (a *tables) WriteRaw(ctx context.Context, _ int, raw *engine.Raw) error {
	return a.do(ctx, func() {
		for _, offset := range raw.Events.Offsets {
			a.events[offset] = true
		}
	})
}

func (a *tables) EncodeWindows(_ int, rows iter.Seq[*window.Row]) (write func(context.Context) error, bytes int) {
	var all []window.Row
	for r := range rows {
		row := *r
		row.Bins, row.Net.Bins = append(window.Bins(nil), r.Bins...), append(window.Bins(nil), r.Net.Bins...) // nil where there is none
		all = append(all, row)
	}
	return func(ctx context.Context) error {
		return a.do(ctx, func() {
			for _, r := range all {
				a.windows[r.Key] = r
			}
		})
	}, 100 * len(all)
}

func (a *tables) EncodeVisits(_ int, chunks func(int) iter.Seq[[]visit.Row]) (write func(context.Context) error, bytes int) {
	var all []visit.Row
	for rows := range chunks(100) {
		for _, r := range rows {
			r.ID, r.Facts, r.State.Segments = strings.Clone(r.ID), slices.Clone(r.Facts), append([]visit.Segment(nil), r.State.Segments...)
			all = append(all, r)
		}
	}
	return func(ctx context.Context) error {
		return a.do(ctx, func() {
			for _, r := range all {
				a.visits[r.Key] = r
			}
		})
	}, 600 * len(all)
}

func (a *tables) Visits(ctx context.Context, _ int, keys []visit.Key) (rows []visit.Row, err error) {
	err = a.read(ctx, func() {
		for _, k := range keys {
			if r, ok := a.visits[k]; ok {
				rows = append(rows, r)
			}
		}
	})
	return rows, err
}

func (a *tables) Windows(ctx context.Context, _ int, keys []window.Key) (rows []window.Row, err error) {
	err = a.read(ctx, func() {
		for _, k := range keys {
			if r, ok := a.windows[k]; ok {
				rows = append(rows, r)
			}
		}
	})
	return rows, err
}

func (a *tables) WriteProgress(ctx context.Context, _ int, f *engine.Flush) error {
	return a.do(ctx, func() { a.asOf = f.AsOf })
}

func (a *tables) Applied(_ int, b *pipeline.Batch) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.batches++
	a.bytes = b.Bytes
}

func (a *tables) Published(_ int, o *engine.Overview) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown = o.Shards[0].Offset
}

func (a *tables) Stalled(_ int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if report := fmt.Sprint(err); len(a.reports) == 0 || a.reports[len(a.reports)-1] != report {
		a.reports = append(a.reports, report)
	}
}

func (a *tables) applied() (batches, bytes int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.batches, a.bytes
}

// same reports whether the rows of both are the same, but for the flushes in which they were written.
func (a *tables) same(other *tables) bool {
	for _, t := range []*tables{a, other} {
		for k, r := range t.visits {
			r.AsOf = 0
			t.visits[k] = r
		}
		maps.DeleteFunc(t.windows, func(_ window.Key, r window.Row) bool { return r.IsZero() })
		for k, r := range t.windows {
			r.AsOf = 0
			t.windows[k] = r
		}
	}
	return reflect.DeepEqual(a.visits, other.visits) && reflect.DeepEqual(a.windows, other.windows)
}

func (a *tables) shard(t *testing.T, cfg pipeline.Config) *pipeline.Shard {
	t.Helper()
	return shardOf(t, cfg, a, a)
}

func shardOf(t *testing.T, cfg pipeline.Config, store pipeline.Store, observer pipeline.Observer) *pipeline.Shard {
	t.Helper()
	p := parts(store, noop.NewTracerProvider().Tracer(""))
	p.Observer = observer
	s := pipeline.New(cfg, 0, p)
	if _, err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

// ClickHouse goes away for ten minutes. Trucks are counted on until the buffer is full; when it is back, all of it is stored.
func TestEventsAreAppliedWhileClickHouseIsAway(t *testing.T) {
	records, cfg := weeks(t, 1)
	records = records[:10_000]
	cfg.FlushBytes = 1 << 20
	const batch = 50
	run := func(t *testing.T, a *tables) {
		s := a.shard(t, cfg)
		for at := 0; at < len(records); at += batch {
			if err := handle(t.Context(), s, records[at:at+batch], int64(at+batch), int64(at+batch)); err != nil {
				t.Error(err)
			}
			time.Sleep(100 * time.Millisecond)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	for _, refuses := range []bool{false, true} {
		t.Run(fmt.Sprintf("refuses %v", refuses), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				there, a := newTables(), newTables()
				close(there.back)
				run(t, there)
				a.refuses = refuses
				done := make(chan struct{})
				go func() {
					run(t, a)
					close(done)
				}()
				time.Sleep(950 * time.Millisecond)
				first, inFlight := a.applied()
				time.Sleep(10 * time.Minute)
				applied, buffered := a.applied()
				if first != 10 || applied < 4*first || applied == len(records)/batch {
					t.Errorf("%d batches were applied before the first flush, %d before the buffer was full", first, applied)
				}
				if sum := inFlight + buffered; sum < cfg.FlushBytes/2 || sum > cfg.FlushBytes+cfg.FlushBytes/10 {
					t.Errorf("%d bytes were in the first flush and %d in the buffer, which are too many or too few for %d", inFlight, buffered, cfg.FlushBytes)
				}
				if a.shown != int64(applied*batch) {
					t.Errorf("viewers see what was applied before offset %d, want %d", a.shown, applied*batch)
				}
				if a.asOf != 0 || len(a.events) != 0 {
					t.Errorf("%d events are stored, as of %d", len(a.events), a.asOf)
				}
				close(a.back)
				<-done
				if a.asOf != int64(len(records)) || len(a.events) != len(there.events) || !a.same(there) {
					t.Errorf("%d events are stored, as of %d; of a ClickHouse that is there %d", len(a.events), a.asOf, len(there.events))
				}
				var want []string
				if refuses {
					want = []string{"connection refused", "<nil>"}
				}
				if !slices.Equal(a.reports, want) {
					t.Errorf("reported stalls %q, want %q", a.reports, want)
				}
			})
		})
	}
}

// A truck departs, and two days later another one comes: the flush that stores the first takes it out of memory. Before it is
// written, a fact about the first comes late. The shard waits for its row.
func TestVisitOfAFlushInFlightIsNotForgotten(t *testing.T) {
	_, cfg := weeks(t, 1)
	voc := cfg.Engine.Vocabulary
	torkham, begin := event.BCP(1), time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
	const hour = 3_600_000
	record := func(offset int64, typ event.Type, truck string, at int64) event.Record {
		e := event.Event{
			Type: typ, ID: fmt.Appendf(nil, "%d", offset), Source: []byte("/gate"), Subject: []byte(truck), BCP: torkham, Direction: event.Inbound,
			Time: begin + at, Recorded: begin + at,
		}
		r := event.NewRecord(voc, &e, begin+72*hour)
		r.Offset = offset
		return r
	}
	cfg.FlushEvery = 0
	synctest.Test(t, func(t *testing.T) {
		a := newTables()
		a.readable = true
		s := a.shard(t, cfg)
		if err := handle(t.Context(), s, []event.Record{
			record(0, event.TruckArrived, "T1", 0), record(1, event.TruckDeparted, "T1", 4*hour), record(2, event.TruckArrived, "T2", 48*hour),
		}, 3, 3); err != nil {
			t.Fatal(err)
		}
		var done sync.WaitGroup
		done.Go(func() {
			if err := handle(t.Context(), s, []event.Record{record(3, event.TruckReleased, "T1", 3*hour)}, 4, 4); err != nil {
				t.Error(err)
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
		})
		time.Sleep(time.Minute)
		if batches, _ := a.applied(); batches != 1 {
			t.Errorf("%d batches were applied, though the second needs a row that is not stored", batches)
		}
		close(a.back)
		done.Wait()
		first := a.visits[visit.Key{BCP: torkham, ID: "T1"}].State
		if first.Arrived != begin || first.Released != begin+3*hour || first.Departed != begin+4*hour {
			t.Errorf("the first truck is stored as %+v", first)
		}
	})
}
