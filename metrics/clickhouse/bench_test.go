package clickhouse

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"syscall"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// flush is what a shard has to write after 50,000 events of a busy border: about eight events to a visit.
type flush struct {
	raw     engine.Raw
	windows []window.Row
	visits  []visit.Row
}

// pointers yields rows one after the other, as a shard does.
func pointers(rows ...window.Row) iter.Seq[*window.Row] {
	return func(yield func(*window.Row) bool) {
		for i := range rows {
			if !yield(&rows[i]) {
				return
			}
		}
	}
}

// chunksOf yields rows some at a time, as a shard does.
func chunksOf(rows ...visit.Row) func(most int) iter.Seq[[]visit.Row] {
	return func(most int) iter.Seq[[]visit.Row] { return slices.Chunk(rows, most) }
}

func newFlush(voc *event.Vocabulary) *flush {
	const events, perVisit = 50_000, 8
	f := &flush{}
	r := rand.New(rand.NewPCG(1, 1))
	base := int64(1_767_600_000_000)
	types := []event.Type{
		event.TruckArrived, event.DeclarationLodged, event.ChannelAssigned, event.InspectionStarted, event.InspectionCompleted,
		event.PaymentConfirmed, event.TruckReleased, event.TruckDeparted,
	}
	for v := range events / perVisit {
		k := &truck{voc: voc, id: fmt.Sprintf("AF-NAN-TORKHAM-2026-%07d", v)}
		arrived := base + r.Int64N(600*minute)
		for i, typ := range types {
			at := arrived + int64(i)*(1+r.Int64N(90))*minute
			change := func(e *event.Event) {
				if typ.HasAgency() {
					e.Kind = event.Scan
				}
				e.Source, e.Lane, e.Channel, e.Regime, e.Recorded = []byte("/dwell/torkham/gate-1"), []byte("L3"), event.Yellow, event.Import, e.Time+5000
				e.Data = []byte(`{"bcp":"AF-NAN-TORKHAM","direction":"inbound","lane":"L3","channel":"yellow","regime":"import"}`)
				f.raw.Events.Append(&event.Record{Offset: int64(v*perVisit + i), Time: at + 5100}, e)
			}
			k.add(typ, at, change)
		}
		f.visits = append(f.visits, k.row(events))
	}
	for i := range events { // minutes, hours and days: about one row to an event
		row := randomWindow(r, voc, 29_460_000+int32(i%600))
		row.AsOf = events
		f.windows = append(f.windows, row)
	}
	return f
}

// BenchmarkFlush writes the rows of 50,000 events. Its measure is events per CPU-second of this process, the engine's
// own is not in it.
func BenchmarkFlush(b *testing.B) {
	voc := vocabulary(b)
	for _, compression := range []string{"none", "lz4"} {
		b.Run(compression, func(b *testing.B) {
			cfg := fresh(b)
			cfg.Compression = compression
			s := open(b, cfg, voc)
			f := newFlush(voc)
			b.ReportAllocs()
			b.ResetTimer()
			before := cpu(b)
			for range b.N {
				if err := s.WriteRaw(b.Context(), 0, &f.raw); err != nil {
					b.Fatal(err)
				}
				if err := s.WriteWindows(b.Context(), 0, pointers(f.windows...)); err != nil {
					b.Fatal(err)
				}
				if err := s.WriteVisits(b.Context(), 0, chunksOf(f.visits...)); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*f.raw.Events.Len())/(cpu(b)-before).Seconds(), "events/cpu-s")
		})
	}
}

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
