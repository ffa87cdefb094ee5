package engine

import (
	"fmt"
	"runtime"
	"testing"

	"dwell/ingest/event"
)

// BenchmarkOpenVisit measures the memory of one more open visit of eight facts, and nothing of its windows.
func BenchmarkOpenVisit(b *testing.B) {
	const few, many, flushEvery = 1 << 16, 3 << 16, 1 << 14
	cfg := testConfig(b)
	var perVisit float64
	for b.Loop() {
		s := New(cfg)
		var before uint64
		offset := int64(0)
		for v := range many {
			if v == few {
				before = inUse()
			}
			for i, typ := range []event.Type{
				event.TruckArrived, event.DeclarationLodged, event.ChannelAssigned, event.InspectionStarted,
				event.InspectionCompleted, event.HoldPlaced, event.HoldLifted, event.PaymentConfirmed,
			} {
				e := event.Event{
					Type: typ, ID: fmt.Append(nil, i), Source: []byte("/post"), Subject: fmt.Appendf(nil, "AF-NAN-TORKHAM-20260105-%06d", v),
					Time: start + int64(i)*60_000, BCP: 1, Direction: event.Inbound,
				}
				if typ.HasAgency() {
					e.Agency = cfg.Vocabulary.Customs
				}
				if typ == event.InspectionStarted || typ == event.InspectionCompleted {
					e.Kind = event.Scan
				}
				s.Apply(offset, &e, Found{})
				offset++
			}
			if v%flushEvery == flushEvery-1 {
				s.Flush(offset)
			}
		}
		perVisit = float64(inUse()-before) / (many - few)
		runtime.KeepAlive(s)
	}
	b.ReportMetric(perVisit, "bytes/visit")
}

func inUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkLateClosing is a closing of half an hour that is reported late, the opening first, beside 100,000 trucks of three days at
// another BCP.
func BenchmarkLateClosing(b *testing.B) {
	const trucks, minute, hour = 100_000, 60_000, 60 * 60_000
	const between = 3 * 24 * hour / trucks
	s := New(testConfig(b))
	offset := int64(0)
	apply := func(e *event.Event) {
		s.Apply(offset, e, Found{})
		offset++
	}
	for v := range int64(trucks) {
		for i, typ := range []event.Type{event.TruckArrived, event.TruckReleased} {
			apply(&event.Event{
				Type: typ, ID: fmt.Append(nil, i), Source: []byte("/post"), Subject: fmt.Appendf(nil, "T%06d", v),
				Time: start + v*between + int64(i)*90*minute, BCP: 2, Direction: event.Inbound,
			})
		}
	}
	b.ResetTimer()
	for i := int64(0); b.Loop(); i++ {
		from := start + (48-i%48)*hour + i/48*1000
		apply(&event.Event{Type: event.BCPOpened, ID: fmt.Append(nil, "o", i), Source: []byte("/hours"), Time: from + 30*minute, BCP: 1})
		apply(&event.Event{Type: event.BCPClosed, ID: fmt.Append(nil, "c", i), Source: []byte("/hours"), Time: from, BCP: 1})
	}
}
