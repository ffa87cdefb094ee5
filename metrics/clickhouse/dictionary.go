package clickhouse

import "encoding/binary"

// dictionary writes codes as a LowCardinality(String) column: the distinct names once, and for each row the index of
// its name. It is used for one column after another and keeps its memory.
type dictionary struct {
	// keyOf has the index plus one of each code, zero for unused codes.
	keyOf []uint16
	codes []uint16
	keys  []uint16
}

const lowCardinality = "LowCardinality(String)"

func (d *dictionary) reset() {
	for _, c := range d.codes {
		d.keyOf[c] = 0
	}
	d.codes, d.keys = d.codes[:0], d.keys[:0]
}

func (d *dictionary) add(code uint16) {
	if int(code) >= len(d.keyOf) {
		d.keyOf = append(d.keyOf, make([]uint16, int(code)+1-len(d.keyOf))...)
	}
	key := d.keyOf[code]
	if key == 0 {
		d.codes = append(d.codes, code)
		key = uint16(len(d.codes))
		d.keyOf[code] = key
	}
	d.keys = append(d.keys, key-1)
}

// The head of a LowCardinality column: the version of its keys, and that a dictionary of its own follows, with keys of
// 16 bits. See SerializationLowCardinality.cpp in ClickHouse.
const (
	keysVersion = 1
	ownNames    = 1<<9 | 1<<10 | 1
)

func (d *dictionary) prefix(b *block) { b.uint64(keysVersion) }

// body writes what was added since reset.
func (d *dictionary) body(b *block, name func(code uint16) string) {
	if len(d.keys) == 0 {
		return
	}
	b.uint64(ownNames)
	b.uint64(uint64(len(d.codes)))
	for _, c := range d.codes {
		b.string(name(c))
	}
	b.uint64(uint64(len(d.keys)))
	for _, k := range d.keys {
		b.buf = binary.LittleEndian.AppendUint16(b.buf, k)
	}
}

// codes is a LowCardinality(String) column of codes from a slice.
func codes[C ~uint8 | ~uint16](d *dictionary, b *block, column string, values []C, name func(C) string) {
	b.begin(column, lowCardinality)
	d.reset()
	for _, v := range values {
		d.add(uint16(v))
	}
	d.prefix(b)
	d.body(b, func(c uint16) string { return name(C(c)) })
}

// eachCode is a LowCardinality(String) column of codes taken from rows.
func eachCode[R any, C ~uint8 | ~uint16](d *dictionary, b *block, column string, rows []R, code func(*R) C, name func(C) string) {
	b.begin(column, lowCardinality)
	d.reset()
	for i := range rows {
		d.add(uint16(code(&rows[i])))
	}
	d.prefix(b)
	d.body(b, func(c uint16) string { return name(C(c)) })
}
