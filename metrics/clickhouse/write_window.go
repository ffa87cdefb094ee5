package clickhouse

import (
	"context"
	"encoding/binary"
	"iter"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

const grainType = "Enum8('hour' = 2, 'day' = 3)"

// WriteWindows writes rows, each of which is valid until the next.
func (s *Store) WriteWindows(ctx context.Context, shard int, rows iter.Seq[*window.Row]) error {
	return s.insert(ctx, "windows", s.windowBlocks(shard, rows))
}

// EncodeWindows encodes rows as WriteWindows does. Write writes them, once or again, and bytes is the memory that they take
// until then.
func (s *Store) EncodeWindows(shard int, rows iter.Seq[*window.Row]) (write func(context.Context) error, bytes int) {
	return s.encoded("windows", s.windowBlocks(shard, rows))
}

func (s *Store) windowBlocks(shard int, rows iter.Seq[*window.Row]) encode {
	return func(e *encoder, send func(*block) bool) {
		c := &e.windows
		c.reset()
		for r := range rows {
			c.add(r)
			if c.rows() == s.blockRows {
				s.encodeWindows(e, shard)
				if !send(&e.block) {
					return
				}
				c.reset()
			}
		}
		if c.rows() > 0 {
			s.encodeWindows(e, shard)
			send(&e.block)
		}
	}
}

func (s *Store) encodeWindows(e *encoder, shard int) {
	b, c := &e.block, &e.windows
	b.reset("windows", c.rows(), c.size())
	b.same("shard", uint16(shard))
	enumerated(b, "bcp", &s.enums.bcp, c.bcps)
	enumerated(b, "direction", &s.enums.direction, c.directions)
	enumerated(b, "channel", &s.enums.channel, c.channels)
	enumerated(b, "regime", &s.enums.regime, c.regimes)
	b.values("grain", grainType, c.grains)
	b.values("start", "DateTime('UTC')", c.starts)
	enumerated(b, "measure", &s.enums.measure, c.measures)
	b.values("as_of", "UInt64", c.asOf)
	b.values("n", "Int64", c.n)
	b.values("sum_ms", "Int64", c.sums)
	b.values("sum_sq", "UInt128", c.squares)
	b.values("bins", binsType, c.bins.ends, c.bins.indices, c.bins.counts)
	b.values("net_ms", "Int64", c.netSums)
	b.values("net_sq", "UInt128", c.netSquares)
	b.values("net_bins", binsType, c.netBins.ends, c.netBins.indices, c.netBins.counts)
}

const binsType = "Map(Int16, UInt32)"

// insertedWindows are rows of windows in columns, filled in one pass because there are many.
type insertedWindows struct {
	bcps                                  []event.BCP
	directions                            []event.Direction
	channels                              []event.Channel
	regimes                               []event.Regime
	measures                              []window.Measure
	grains, starts, asOf                  []byte
	n, sums, squares, netSums, netSquares []byte
	bins, netBins                         binColumn
}

func (c *insertedWindows) reset() {
	c.bcps, c.directions, c.channels, c.regimes, c.measures = c.bcps[:0], c.directions[:0], c.channels[:0], c.regimes[:0], c.measures[:0]
	c.grains, c.starts, c.asOf = c.grains[:0], c.starts[:0], c.asOf[:0]
	c.n, c.sums, c.squares, c.netSums, c.netSquares = c.n[:0], c.sums[:0], c.squares[:0], c.netSums[:0], c.netSquares[:0]
	c.bins.reset()
	c.netBins.reset()
}

func (c *insertedWindows) rows() int { return len(c.measures) }

func (c *insertedWindows) add(r *window.Row) {
	le := binary.LittleEndian
	c.bcps = append(c.bcps, r.Key.BCP)
	c.directions = append(c.directions, r.Key.Direction)
	c.channels = append(c.channels, r.Key.Channel)
	c.regimes = append(c.regimes, r.Key.Regime)
	c.measures = append(c.measures, r.Key.Measure)
	c.grains = append(c.grains, uint8(r.Key.Grain))
	c.starts = le.AppendUint32(c.starts, uint32(int64(r.Key.Start)*60))
	c.asOf = le.AppendUint64(c.asOf, uint64(r.AsOf))
	c.n = le.AppendUint64(c.n, uint64(r.N))
	c.sums = le.AppendUint64(c.sums, uint64(r.Sum))
	c.squares = appendUint128(c.squares, r.SumSquares)
	c.bins.add(r.Bins)
	c.netSums = le.AppendUint64(c.netSums, uint64(r.Sum-r.Net.Closed))
	c.netSquares = appendUint128(c.netSquares, r.Net.SumSquares)
	c.netBins.add(r.Net.Bins)
}

// size is the approximate size of the columns in bytes.
func (c *insertedWindows) size() int {
	return 100*c.rows() + len(c.bins.indices) + len(c.bins.counts) + len(c.netBins.indices) + len(c.netBins.counts)
}

func appendUint128(b []byte, v window.Uint128) []byte {
	return binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, v.Lo), v.Hi)
}

// binColumn is a column of sketches, in the form of a Map.
type binColumn struct {
	ends, indices, counts []byte
	end                   uint64
}

func (c *binColumn) reset() {
	*c = binColumn{ends: c.ends[:0], indices: c.indices[:0], counts: c.counts[:0]}
}

func (c *binColumn) add(bins window.Bins) {
	for _, bin := range bins {
		c.indices = binary.LittleEndian.AppendUint16(c.indices, uint16(bin.Index))
		c.counts = binary.LittleEndian.AppendUint32(c.counts, uint32(bin.Count))
	}
	c.end += uint64(len(bins))
	c.ends = binary.LittleEndian.AppendUint64(c.ends, c.end)
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
