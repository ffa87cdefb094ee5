package clickhouse

import (
	"context"
	"encoding/binary"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

const grainType = "Enum8('minute' = 1, 'hour' = 2, 'day' = 3)"

// WriteWindows writes rows.
func (s *Store) WriteWindows(ctx context.Context, shard int, rows []window.Row) error {
	if len(rows) == 0 {
		return nil
	}
	e := s.encoder("windows", len(rows), 80*len(rows))
	b, d := &e.block, &e.dictionary
	b.same("shard", uint16(shard))
	eachCode(d, b, "bcp", rows, func(r *window.Row) event.BCP { return r.Key.BCP }, s.voc.BCPName)
	eachCode(d, b, "direction", rows, func(r *window.Row) event.Direction { return r.Key.Direction }, event.Direction.String)
	eachCode(d, b, "channel", rows, func(r *window.Row) event.Channel { return r.Key.Channel }, event.Channel.String)
	eachCode(d, b, "regime", rows, func(r *window.Row) event.Regime { return r.Key.Regime }, event.Regime.String)
	each8(b, "grain", grainType, rows, func(r *window.Row) uint8 { return uint8(r.Key.Grain) })
	each32(b, "start", "DateTime('UTC')", rows, func(r *window.Row) uint32 { return uint32(int64(r.Key.Start) * 60) })
	eachCode(d, b, "measure", rows, func(r *window.Row) window.Measure { return r.Key.Measure },
		func(m window.Measure) string { return m.Name(s.voc) })
	each64(b, "as_of", "UInt64", rows, func(r *window.Row) int64 { return r.AsOf })
	each64(b, "n", "Int64", rows, func(r *window.Row) int64 { return r.N })
	each64(b, "sum_ms", "Int64", rows, func(r *window.Row) int64 { return r.Sum })
	squares(b, "sum_sq", rows, func(r *window.Row) window.Uint128 { return r.SumSquares })
	eachBins(b, "bins", "UInt32", rows, func(r *window.Row) window.Bins { return r.Bins })
	each64(b, "net_ms", "Int64", rows, func(r *window.Row) int64 { return r.Sum - r.Net.Closed })
	squares(b, "net_sq", rows, func(r *window.Row) window.Uint128 { return r.Net.SumSquares })
	eachBins(b, "net_bins", "UInt32", rows, func(r *window.Row) window.Bins { return r.Net.Bins })
	return s.send(ctx, e)
}

func squares[R any](b *block, name string, rows []R, value func(*R) window.Uint128) {
	b.begin(name, "UInt128")
	b.buf = slices.Grow(b.buf, 16*len(rows))
	for i := range rows {
		v := value(&rows[i])
		b.uint64(v.Lo)
		b.uint64(v.Hi)
	}
}

// eachBins is a column of sketches, whose counts are of the given type of 32 bits.
func eachBins[R any](b *block, name, counts string, rows []R, bins func(*R) window.Bins) {
	b.begin(name, "Map(Int16, "+counts+")")
	eachList(b, rows, func(r *R) int { return len(bins(r)) })
	for i := range rows {
		for _, bin := range bins(&rows[i]) {
			b.buf = binary.LittleEndian.AppendUint16(b.buf, uint16(bin.Index))
		}
	}
	for i := range rows {
		for _, bin := range bins(&rows[i]) {
			b.buf = binary.LittleEndian.AppendUint32(b.buf, uint32(bin.Count))
		}
	}
}
