package clickhouse

import (
	"context"
	"encoding/binary"
	"maps"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/window"
)

// WriteInside writes rows.
func (s *Store) WriteInside(ctx context.Context, id int, rows []engine.Inside) error {
	return insertRows(ctx, s, "inside_now", rows, func(e *encoder, rows []engine.Inside) {
		e.block.reset("inside_now", len(rows), 0)
		b, d := &e.block, &e.dictionary
		b.same("shard", uint16(id))
		eachCode(d, b, "bcp", rows, func(r *engine.Inside) event.BCP { return r.BCP }, s.voc.BCPName)
		eachCode(d, b, "direction", rows, func(r *engine.Inside) event.Direction { return r.Direction }, event.Direction.String)
		each64(b, "as_of", "UInt64", rows, func(r *engine.Inside) int64 { return r.AsOf })
		eachNullable64(b, "last_event", nullableTimeType, rows, func(r *engine.Inside) (int64, bool) { return r.LastEvent, engine.Seen(r.LastEvent) })
		eachNullable64(b, "last_truck_event", nullableTimeType, rows, func(r *engine.Inside) (int64, bool) { return r.LastTruckEvent, engine.Seen(r.LastTruckEvent) })
		each32(b, "trucks", "UInt32", rows, func(r *engine.Inside) uint32 { return uint32(r.Trucks) })
		var hours []int32
		var trucks []uint32
		d.reset()
		for i := range rows {
			for _, m := range slices.Sorted(maps.Keys(rows[i].Holders)) {
				trucks = append(trucks, uint32(rows[i].Holders[m]))
				d.add(uint16(m))
			}
		}
		b.begin("holders", "Map("+lowCardinality+", UInt32)")
		d.prefix(b)
		eachList(b, rows, func(r *engine.Inside) int { return len(r.Holders) })
		d.body(b, func(c uint16) string { return window.Measure(c).Name(s.voc) })
		for _, n := range trucks {
			b.buf = binary.LittleEndian.AppendUint32(b.buf, n)
		}
		b.begin("arrived", "Map(UInt32, UInt32)")
		eachList(b, rows, func(r *engine.Inside) int { return len(r.Arrived) })
		trucks = trucks[:0]
		for i := range rows {
			for _, h := range slices.Sorted(maps.Keys(rows[i].Arrived)) {
				hours, trucks = append(hours, h), append(trucks, uint32(rows[i].Arrived[h]))
			}
		}
		for _, h := range hours {
			b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(h))
		}
		for _, n := range trucks {
			b.buf = binary.LittleEndian.AppendUint32(b.buf, n)
		}
	})
}

// WriteProgress writes the shard's progress.
func (s *Store) WriteProgress(ctx context.Context, id int, f *engine.Flush) error {
	return s.insert(ctx, "progress", func(e *encoder, send func(*block) bool) {
		e.block.reset("progress", 1, 0)
		b := &e.block
		one := []*engine.Flush{f}
		b.same("shard", uint16(id))
		each64(b, "offset", "UInt64", one, func(f **engine.Flush) int64 { return (*f).AsOf })
		each64(b, "as_of", "UInt64", one, func(f **engine.Flush) int64 { return (*f).AsOf })
		eachNullable64(b, "latest", nullableTimeType, one, func(f **engine.Flush) (int64, bool) { return (*f).Latest, (*f).HasLatest })
		eachNullable64(b, "watermark", nullableTimeType, one, func(f **engine.Flush) (int64, bool) { return (*f).Watermark, (*f).HasLatest })
		each64(b, "records", "UInt64", one, func(f **engine.Flush) int64 { return (*f).Records })
		send(&e.block)
	})
}
