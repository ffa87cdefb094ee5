package clickhouse

import (
	"fmt"
	"sync"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// BenchmarkBatcher has eight shards insert twenty events each at the same time, batched and each by itself. Its measure is the CPU
// time of ClickHouse for the eight.
func BenchmarkBatcher(b *testing.B) {
	voc := vocabulary(b)
	s := open(b, fresh(b), voc)
	used := func() (us uint64) {
		const query = "SELECT value FROM system.events WHERE event = 'OSCPUVirtualTimeMicroseconds'"
		if err := s.conn.QueryRow(b.Context(), query).Scan(&us); err != nil {
			b.Fatal(err)
		}
		return us
	}
	shards := make([]encode, 8)
	for id := range shards {
		var raw engine.Raw
		for i := range 20 {
			raw.Events.Append(&event.Record{Offset: int64(i), Time: int64(i)}, &event.Event{Type: event.TruckArrived, ID: fmt.Appendf(nil, "%d", i), Subject: []byte("T"), BCP: 1})
		}
		shards[id] = func(e *encoder, send func(*block) bool) {
			s.encodeEvents(e, id, &raw.Events)
			send(&e.block)
		}
	}
	for name, insert := range map[string]func(encode) error{
		"batched": func(rows encode) error { return s.insert(b.Context(), "events", rows) },
		"single":  func(rows encode) error { return s.insertAll(b.Context(), []encode{rows}) },
	} {
		b.Run(name, func(b *testing.B) {
			before := used()
			for b.Loop() {
				var all sync.WaitGroup
				for _, rows := range shards {
					all.Go(func() {
						if err := insert(rows); err != nil {
							b.Error(err)
						}
					})
				}
				all.Wait()
			}
			b.ReportMetric(float64(used()-before)/float64(b.N)/1000, "clickhouse-ms/op")
		})
	}
}
