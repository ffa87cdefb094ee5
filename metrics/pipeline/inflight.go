package pipeline

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/trace"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// inFlight is what is on its way to the store: the rows of a flush with the raw events before it, or raw events alone. A
// goroutine of its own writes it, while the shard continues to apply events, so nothing in it may refer to memory that the
// state changes: windows and visits are encoded, raw events are handed over, and the rest of a flush is valid until the next.
//
// A shard has one flush in flight. Why the rows are the same as if the shard had waited (metrics/engine, recovery.go):
//
//   - The rows are a function of the log up to their AsOf, and they were made before any later event was applied. They are
//     written in the order that recovery rests on, and the next flush begins when they are stored.
//   - Events that are applied meanwhile are in memory alone, as those between two flushes always are: after a crash they are
//     read again from the progress in the store.
//   - What a flush has evicted from memory may be in no table yet. So before the shard reads a row from the store it waits
//     until nothing is in flight (finish), and a row that it loads is never older than the one that it evicted.
//   - An owner that is fenced, or whose write fails, has applied events to a state that is not stored. Each call reports
//     the error, and nothing more is written; the shard must be opened again.
//
// A shard that is far behind its log, or whose flush is large, waits instead, and its windows and visits are encoded a block at a
// time as they are sent: all shards flush large flushes at the same time then, and their blocks would take as much memory again.
type inFlight struct {
	raw             *engine.Raw
	forward         []event.Record
	away            copies
	flush           *engine.Flush // nil if there are raw events alone
	windows, visits rows
	// bytes is how much it holds until it is over.
	bytes int
	// wait says that the shard waits for it.
	wait bool

	span   trace.Span
	begin  time.Time
	cancel context.CancelFunc
	// over is closed at the end, when err and end are set.
	over chan struct{}
	err  error
	end  time.Time
}

// About so many bytes a window and a visit take when they are encoded.
const windowBytes, visitBytes = 100, 400

// rows are those of a table.
type rows struct {
	n     int
	write func(context.Context) error
}

// take takes the raw events.
func (s *Shard) take(span trace.Span, begin time.Time) *inFlight {
	w := &inFlight{
		raw: s.raw, forward: s.forward, away: s.away, bytes: s.raw.Bytes() + s.away.bytes, wait: s.farBehind(), span: span, begin: begin, over: make(chan struct{}),
	}
	s.raw, s.spare, s.forward, s.away = s.spare, nil, nil, copies{}
	if s.raw == nil {
		s.raw = &engine.Raw{}
	}
	return w
}

// takeFlush adds the rows of a flush, whose Windows and Visits lie in the memory of the state.
func (s *Shard) takeFlush(w *inFlight, f *engine.Flush) {
	windows, visits := f.Windows, f.Visits
	f.Windows, f.Visits = engine.Windows{}, engine.Visits{}
	w.flush, w.windows.n, w.visits.n = f, windows.Len(), visits.Len()
	w.wait = w.wait || windowBytes*w.windows.n+visitBytes*w.visits.n > rawBytes
	if w.wait {
		w.windows.write = func(ctx context.Context) error { return s.Store.WriteWindows(ctx, s.id, windows.All()) }
		w.visits.write = func(ctx context.Context) error { return s.Store.WriteVisits(ctx, s.id, visits.Chunks) }
		return
	}
	var ofWindows, ofVisits int
	w.windows.write, ofWindows = s.Store.EncodeWindows(s.id, windows.All())
	w.visits.write, ofVisits = s.Store.EncodeVisits(s.id, visits.Chunks)
	w.bytes += ofWindows + ofVisits + 150*len(f.Restatements)
}

// start has w written. Ctx bounds only how long it waits, if it must.
func (s *Shard) start(ctx context.Context, w *inFlight) error {
	work, cancel := context.WithCancel(context.WithoutCancel(ctx))
	w.cancel = cancel
	s.inFlight = w
	go func() {
		defer close(w.over)
		defer cancel()
		defer w.span.End()
		if w.err = s.writeAll(work, w); w.err != nil {
			w.span.RecordError(w.err)
		}
		w.end = s.Now()
	}()
	if w.wait {
		return s.ended(ctx)
	}
	return nil
}

// busy reports whether something is in flight.
func (s *Shard) busy() bool {
	if s.inFlight == nil {
		return false
	}
	select {
	case <-s.inFlight.over:
		return false
	default:
		return true
	}
}

// finish waits until nothing is in flight. It returns the error of what was, again with each call. If ctx ends first, that is
// cancelled.
func (s *Shard) finish(ctx context.Context) error {
	if s.busy() {
		_, span := s.Tracer.Start(ctx, "wait for flush")
		defer span.End()
	}
	return s.ended(ctx)
}

func (s *Shard) ended(ctx context.Context) error {
	w := s.inFlight
	if w == nil {
		return nil
	}
	select {
	case <-w.over:
	case <-ctx.Done():
		w.cancel()
		<-w.over
	}
	if w.err != nil {
		return w.err
	}
	s.inFlight = nil
	if w.flush != nil {
		s.flushed, s.took = w.end, w.end.Sub(w.begin)
	}
	if w.raw.Reset(); w.wait { // nothing has come meanwhile
		s.raw, w.raw = w.raw, s.raw
	}
	s.spare = w.raw
	return nil
}
