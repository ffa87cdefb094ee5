package clickhouse

import (
	"context"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

// WriteRestatements writes rows. The table keeps one row per window and offset.
func (s *Store) WriteRestatements(ctx context.Context, shard int, rows []window.Restatement) error {
	return insertRows(ctx, s, "restatements", rows, func(e *encoder, rows []window.Restatement) {
		e.block.reset("restatements", len(rows), 100*len(rows))
		b := &e.block
		b.same("shard", uint16(shard))
		each64(b, "offset", "UInt64", rows, func(r *window.Restatement) int64 { return r.Offset })
		eachEnumerated(b, "bcp", &s.enums.bcp, rows, func(r *window.Restatement) event.BCP { return r.Key.BCP })
		eachEnumerated(b, "direction", &s.enums.direction, rows, func(r *window.Restatement) event.Direction { return r.Key.Direction })
		each8(b, "grain", grainType, rows, func(r *window.Restatement) uint8 { return uint8(r.Key.Grain) })
		each32(b, "start", "DateTime('UTC')", rows, func(r *window.Restatement) uint32 { return uint32(int64(r.Key.Start) * 60) })
		eachEnumerated(b, "measure", &s.enums.measure, rows, func(r *window.Restatement) window.Measure { return r.Key.Measure })
		each64(b, "n", "Int64", rows, func(r *window.Restatement) int64 { return r.N })
		each64(b, "sum_ms", "Int64", rows, func(r *window.Restatement) int64 { return r.Sum })
		eachBins(b, "bins", "Int32", rows, func(r *window.Restatement) window.Bins { return r.Bins })
		each64(b, "net_ms", "Int64", rows, func(r *window.Restatement) int64 { return r.Sum - r.Closed })
		eachBins(b, "net_bins", "Int32", rows, func(r *window.Restatement) window.Bins { return r.NetBins })
	})
}
