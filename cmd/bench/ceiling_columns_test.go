package main

import (
	"testing"

	"github.com/ClickHouse/ch-go/proto"

	"dwell/cmd/bench/workload"
)

// columns are the columns of dwell's table events. Each LowCardinality column is written as one byte per row.
type columns struct {
	shard   proto.ColUInt16
	offset  proto.ColUInt64
	times   [3]proto.ColInt64
	codes   [8]proto.ColUInt8
	strings [5]proto.ColStr
	buffer  proto.Buffer
}

func (c *columns) reset() {
	c.shard, c.offset, c.buffer.Buf = c.shard[:0], c.offset[:0], c.buffer.Buf[:0]
	for i := range c.times {
		c.times[i] = c.times[i][:0]
	}
	for i := range c.codes {
		c.codes[i] = c.codes[i][:0]
	}
	for i := range c.strings {
		c.strings[i].Reset()
	}
}

// append adds a row. The strings (id, source, subject, data; lane is empty) are cut from fixed positions in the message.
func (c *columns) append(offset int, r workload.Record) {
	c.shard.Append(uint16(r.Partition))
	c.offset.Append(uint64(offset))
	for i := range c.times {
		c.times[i].Append(r.Time)
	}
	for i := range c.codes {
		c.codes[i].Append(uint8(i))
	}
	c.strings[0].AppendBytes(r.Value[26:40])
	c.strings[1].AppendBytes(r.Value[52:67])
	c.strings[2].AppendBytes(r.Key)
	c.strings[3].AppendBytes(r.Value[170:])
	c.strings[4].AppendBytes(nil)
}

func (c *columns) encode() {
	c.shard.EncodeColumn(&c.buffer)
	c.offset.EncodeColumn(&c.buffer)
	for i := range c.times {
		c.times[i].EncodeColumn(&c.buffer)
	}
	for i := range c.codes {
		c.codes[i].EncodeColumn(&c.buffer)
	}
	for i := range c.strings {
		c.strings[i].EncodeColumn(&c.buffer)
	}
}

// benchmarkRows encodes rows of the table windows: four codes, grain, start, measure, as_of and n; then sum, sum of squares and
// sketch, gross and net. The gross sketch has one bin, the net one none.
func benchmarkRows(b *testing.B) {
	const rows = 65_536
	windows := make([]packedWindow, rows)
	for i := range windows {
		windows[i] = packedWindow{slot: uint32(i), ms: int64(i)}
	}
	var codes [6]proto.ColUInt8
	var starts, counts proto.ColUInt32
	var numbers [6]proto.ColUInt64 // as_of, n, sum, offsets of bins; net sum, offsets of net bins
	var squares [2]proto.ColUInt128
	var indices proto.ColInt16
	var out proto.Buffer
	perEvent(b, rows/rowsPerEvent, func() {
		for i := range codes {
			codes[i] = codes[i][:0]
		}
		for i := range numbers {
			numbers[i] = numbers[i][:0]
		}
		starts, counts, squares[0], squares[1], indices, out.Buf = starts[:0], counts[:0], squares[0][:0], squares[1][:0], indices[:0], out.Buf[:0]
		for i := range windows {
			w := &windows[i]
			for c := range codes {
				codes[c].Append(uint8(w.slot >> c))
			}
			starts.Append(w.slot)
			for n := range numbers {
				numbers[n].Append(uint64(w.ms))
			}
			squares[0].Append(proto.UInt128{Low: uint64(w.ms * w.ms)})
			squares[1].Append(proto.UInt128{})
			indices.Append(int16(w.ms))
			counts.Append(1)
		}
		for i := range codes {
			codes[i].EncodeColumn(&out)
		}
		starts.EncodeColumn(&out)
		for i := range numbers {
			numbers[i].EncodeColumn(&out)
		}
		squares[0].EncodeColumn(&out)
		squares[1].EncodeColumn(&out)
		indices.EncodeColumn(&out)
		counts.EncodeColumn(&out)
	})
}
