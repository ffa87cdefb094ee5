package pipeline_test

import (
	"context"
	"iter"
	"log/slog"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// forgetful is a store that keeps nothing: what is left is the cost of decoding and of the engine.
type forgetful struct{}

func (forgetful) AcquireEpoch(context.Context, int) (engine.Owner, []int64, error) {
	return engine.Owner{}, nil, nil
}

func (forgetful) Retentions(context.Context, int) ([]engine.Retention, error) { return nil, nil }

func (forgetful) WriteRetention(_ context.Context, _ int, r engine.Retention) (engine.Retention, error) {
	return r, nil
}

func (forgetful) AnnounceFlush(context.Context, int, engine.Owner, int64) error { return nil }

func (forgetful) Progress(context.Context, int) (engine.Progress, error) {
	return engine.Progress{}, nil
}

func (forgetful) RecentVisits(context.Context, int, int64, int64, func(*visit.Row) error, func(visit.Key)) error {
	return nil
}

func (forgetful) RecentWindows(context.Context, int, int64, int64, func(*window.Row) error) error {
	return nil
}

func (forgetful) LastEvents(context.Context, int, func(engine.LastEvents)) error { return nil }

func (forgetful) Hours(context.Context, int, int64, func(*event.Event)) error { return nil }

func (forgetful) OverDuring(context.Context, int, []engine.Overlap) ([]visit.Row, error) {
	return nil, nil
}

func (forgetful) Visits(context.Context, int, []visit.Key) ([]visit.Row, error) { return nil, nil }

func (forgetful) Windows(context.Context, int, []window.Key) ([]window.Row, error) { return nil, nil }
func (forgetful) WriteRaw(context.Context, int, *engine.Raw) error                 { return nil }

// WriteWindows reads the rows: they are made as they are read.
func (forgetful) WriteWindows(_ context.Context, _ int, rows iter.Seq[*window.Row]) error {
	for range rows {
	}
	return nil
}

func (forgetful) WriteVisits(context.Context, int, func(int) iter.Seq[[]visit.Row]) error { return nil }

func (forgetful) EncodeWindows(_ int, rows iter.Seq[*window.Row]) (write func(context.Context) error, bytes int) {
	for range rows {
	}
	return written, 0
}

func (forgetful) EncodeVisits(int, func(int) iter.Seq[[]visit.Row]) (write func(context.Context) error, bytes int) {
	return written, 0
}

func written(context.Context) error { return nil }

func (forgetful) WriteRestatements(context.Context, int, []window.Restatement) error { return nil }

func (forgetful) WriteInside(context.Context, int, []engine.Inside) error { return nil }

func (forgetful) WriteProgress(context.Context, int, *engine.Flush) error { return nil }

// forgetsLetters is a dead-letter topic that keeps nothing.
func forgetsLetters(context.Context, ...event.DeadLetter) error { return nil }

// unobserved is an observer that ignores everything.
type unobserved struct{}

func (unobserved) Published(int, *engine.Overview)                            {}
func (unobserved) Applied(int, *pipeline.Batch)                               {}
func (unobserved) Written(context.Context, int, string, int, time.Duration)   {}
func (unobserved) Flushed(context.Context, int, *engine.Flush, time.Duration) {}
func (unobserved) Memory(int, int, int)                                       {}
func (unobserved) Stalled(int, error)                                         {}
func (unobserved) Closed(int)                                                 {}

// weeks are simulated weeks at nine BCPs, late and doubled and retracted, as records of one partition.
func weeks(b testing.TB, n int) ([]event.Record, pipeline.Config) {
	b.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		b.Fatal(err)
	}
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: book, From: from, Until: from.AddDate(0, 0, 7*n), Seed: 7,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.005, Cut: 12 * time.Hour},
	})
	if err != nil {
		b.Fatal(err)
	}
	voc := sim.Vocabulary()
	var records []event.Record
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		r := event.NewRecord(voc, em.Event, em.At)
		r.Offset = int64(len(records))
		records = append(records, r)
	}
	cfg := pipeline.DefaultConfig()
	cfg.Engine.Vocabulary, cfg.Engine.Places = voc, book.Places
	return records, cfg
}

// log is records without a pointer to each: those that wait in Kafka are no work for this process's garbage collector.
type log struct {
	bytes   []byte // key and value of one after the other
	ends    []int
	times   []int64
	headers [][]event.Header // a few that all share
	header  []uint8
}

func packed(records []event.Record) *log {
	l := &log{}
	for i := range records {
		m := &records[i]
		l.bytes = append(l.bytes, m.Key...)
		l.ends = append(l.ends, len(l.bytes))
		l.bytes = append(l.bytes, m.Value...)
		l.ends = append(l.ends, len(l.bytes))
		l.times = append(l.times, m.Time)
		at := slices.IndexFunc(l.headers, func(h []event.Header) bool { return len(h) == len(m.Headers) })
		if at < 0 {
			at, l.headers = len(l.headers), append(l.headers, m.Headers)
		}
		l.header = append(l.header, uint8(at))
	}
	return l
}

func (l *log) len() int { return len(l.times) }

// read reads records from a place on, as a fetch does: into memory that is used again.
func (l *log) read(dst []event.Record, from, n int) []event.Record {
	for i := from; i < min(from+n, l.len()); i++ {
		start := 0
		if i > 0 {
			start = l.ends[2*i-1]
		}
		dst = append(dst, event.Record{
			Offset: int64(i), Key: l.bytes[start:l.ends[2*i]], Value: l.bytes[l.ends[2*i]:l.ends[2*i+1]], Time: l.times[i], Headers: l.headers[l.header[i]],
		})
	}
	return dst
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkEngine decodes and applies two simulated weeks, in batches as they come from Kafka, with the flushes' work but
// nowhere to write to. The week before them is not counted: in it the shard takes the memory that it will ever need.
func BenchmarkEngine(b *testing.B) {
	records, cfg := weeks(b, 3)
	all, first := packed(records), len(records)/3
	records = nil
	cfg.FlushBytes = 16 << 20
	parts := pipeline.Parts{
		Store: forgetful{}, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil },
		PartitionOf: func(subject []byte) int { return partitioner.Balance(kafkago.Message{Key: subject}, 0) },
		Observer:    unobserved{}, Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	}
	ctx := b.Context()
	var used time.Duration
	var allocated runtime.MemStats
	mallocs := uint64(0)
	for b.Loop() {
		s := pipeline.New(cfg, 0, parts)
		if _, err := s.Open(ctx); err != nil {
			b.Fatal(err)
		}
		begin := cpu()
		const batch = 2000
		for at := 0; at < all.len(); at += batch {
			if at <= first && first < at+batch {
				runtime.ReadMemStats(&allocated)
				mallocs -= allocated.Mallocs
				begin = cpu()
			}
			records = all.read(records[:0], at, batch)
			if err := handle(ctx, s, records, int64(at+len(records)), int64(all.len())); err != nil {
				b.Fatal(err)
			}
		}
		if err := s.Close(ctx); err != nil {
			b.Fatal(err)
		}
		used += cpu() - begin
		runtime.ReadMemStats(&allocated)
		mallocs += allocated.Mallocs
	}
	events := float64((all.len() - first) * b.N)
	b.ReportMetric(events/used.Seconds(), "events/cpu-s")
	b.ReportMetric(float64(mallocs)/events, "allocs/event")
}
