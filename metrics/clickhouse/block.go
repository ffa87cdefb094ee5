package clickhouse

import (
	"encoding/binary"
	"slices"
)

// block is the rows of one insert in ClickHouse's Native format: the columns one after another, each with its name, its type
// and its values. It is written straight from the columns and rows of the shards. ch-go's columns take three times as long
// for a block of events, since they copy each value and hash the words of a dictionary (BenchmarkEncode, median of 12
// alternating pairs, 2026-11-29, 2 cores that were busy).
type block struct {
	table string
	rows  int
	names []string
	buf   []byte
	// settings are those of the insert.
	settings string
}

// reset begins a block of about so many bytes.
func (b *block) reset(table string, rows, size int) {
	b.table, b.rows, b.settings = table, rows, ""
	b.names = b.names[:0]
	// The number of columns, which are fewer than 128 and so take one byte, and the number of rows.
	b.buf = append(slices.Grow(b.buf[:0], size), 0)
	b.buf = binary.AppendUvarint(b.buf, uint64(rows))
}

// begin begins a column.
func (b *block) begin(name, typ string) {
	b.buf[0]++
	b.string(name)
	b.string(typ)
	b.names = append(b.names, name)
}

func (b *block) string(s string) {
	if len(s) < 0x80 {
		b.buf = append(b.buf, byte(len(s)))
	} else {
		b.buf = binary.AppendUvarint(b.buf, uint64(len(s)))
	}
	b.buf = append(b.buf, s...)
}

func (b *block) bytes(s []byte) {
	b.buf = binary.AppendUvarint(b.buf, uint64(len(s)))
	b.buf = append(b.buf, s...)
}

func (b *block) uint64(v uint64) { b.buf = binary.LittleEndian.AppendUint64(b.buf, v) }

// same is a UInt16 column with one value for all rows.
func (b *block) same(name string, v uint16) {
	b.begin(name, "UInt16")
	for range b.rows {
		b.buf = binary.LittleEndian.AppendUint16(b.buf, v)
	}
}

// int64s is a column of 64 bits from a slice: UInt64, Int64 or DateTime64(3).
func (b *block) int64s(name, typ string, values []int64) {
	b.begin(name, typ)
	b.buf = slices.Grow(b.buf, 8*len(values))
	for _, v := range values {
		b.uint64(uint64(v))
	}
}

// values is a column from parts that are already in the Native format.
func (b *block) values(name, typ string, pieces ...[]byte) {
	b.begin(name, typ)
	for _, p := range pieces {
		b.buf = append(b.buf, p...)
	}
}

func (b *block) strings(name string, values []string) {
	b.begin(name, "String")
	for _, v := range values {
		b.string(v)
	}
}

const (
	timeType         = "DateTime64(3, 'UTC')"
	nullableTimeType = "Nullable(" + timeType + ")"
)

// each64 is a column of 64 bits taken from rows.
func each64[R any](b *block, name, typ string, rows []R, value func(*R) int64) {
	b.begin(name, typ)
	b.buf = slices.Grow(b.buf, 8*len(rows))
	for i := range rows {
		b.uint64(uint64(value(&rows[i])))
	}
}

// eachNullable64 is a nullable column of 64 bits.
func eachNullable64[R any](b *block, name, typ string, rows []R, value func(*R) (v int64, ok bool)) {
	b.begin(name, typ)
	at := len(b.buf)
	b.buf = slices.Grow(b.buf, 9*len(rows))[:at+len(rows)]
	for i := range rows {
		v, ok := value(&rows[i])
		if b.buf[at+i] = 1; ok {
			b.buf[at+i] = 0
		} else {
			v = 0
		}
		b.uint64(uint64(v))
	}
}

func each32[R any](b *block, name, typ string, rows []R, value func(*R) uint32) {
	b.begin(name, typ)
	b.buf = slices.Grow(b.buf, 4*len(rows))
	for i := range rows {
		b.buf = binary.LittleEndian.AppendUint32(b.buf, value(&rows[i]))
	}
}

func each8[R any](b *block, name, typ string, rows []R, value func(*R) uint8) {
	b.begin(name, typ)
	for i := range rows {
		b.buf = append(b.buf, value(&rows[i]))
	}
}

func eachString[R any](b *block, name string, rows []R, value func(*R) string) {
	b.begin(name, "String")
	for i := range rows {
		b.string(value(&rows[i]))
	}
}

// eachList writes the lengths of a column of arrays, as the sums that the format wants. The items follow.
func eachList[R any](b *block, rows []R, length func(*R) int) {
	var end uint64
	b.buf = slices.Grow(b.buf, 8*len(rows))
	for i := range rows {
		end += uint64(length(&rows[i]))
		b.uint64(end)
	}
}
