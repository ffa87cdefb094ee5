package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"

	"github.com/segmentio/kafka-go/compress"

	"dwell/ingest/event"
)

// The layout of a record batch of format v2, offsets in bytes from its beginning. Source: Apache Kafka, "Message Format",
// section "Record Batch".
const (
	batchLengthAt          = 8
	batchLeaderEpochAt     = 12
	batchMagicAt           = 16
	batchCRCAt             = 17
	batchAttributesAt      = 21
	batchLastOffsetDeltaAt = 23
	batchFirstTimestampAt  = 27
	batchMaxTimestampAt    = 35
	batchProducerIDAt      = 43
	batchCountAt           = 57
	batchRecordsAt         = 61
	// batchFrame is what the length does not count: the base offset and the length itself.
	batchFrame = 12
)

const (
	attributeCodec         = 1<<3 - 1
	attributeLogAppendTime = 1 << 3
	attributeTransactional = 1 << 4
	attributeControl       = 1 << 5
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// rawBatch is one whole record batch as the broker sent it.
type rawBatch []byte

func (b rawBatch) baseOffset() int64 { return int64(binary.BigEndian.Uint64(b)) }
func (b rawBatch) attributes() int   { return int(binary.BigEndian.Uint16(b[batchAttributesAt:])) }
func (b rawBatch) producerID() int64 { return int64(binary.BigEndian.Uint64(b[batchProducerIDAt:])) }

// lastDelta is the batch's last offset less its base offset. It holds when compaction has removed the batch's last records, and
// even all.
func (b rawBatch) lastDelta() int64 {
	return int64(int32(binary.BigEndian.Uint32(b[batchLastOffsetDeltaAt:])))
}

// next is the offset after the batch, as the batch says.
func (b rawBatch) next() int64 { return b.baseOffset() + b.lastDelta() + 1 }

// crc returns an error unless the batch is, from its attributes on, as it was made.
func (b rawBatch) crc() error {
	if want, got := binary.BigEndian.Uint32(b[batchCRCAt:]), crc32.Checksum(b[batchAttributesAt:], castagnoli); want != got {
		return fmt.Errorf("crc %08x, computed %08x", want, got)
	}
	return nil
}

// cutBatch takes the first batch off data. A broker may truncate the last batch of a response: ok is then false without an
// error.
func cutBatch(data []byte) (b rawBatch, rest []byte, ok bool, err error) {
	if len(data) < batchRecordsAt {
		return nil, nil, false, nil
	}
	if magic := data[batchMagicAt]; magic != 2 {
		return nil, nil, false, fmt.Errorf("message format %d: only format 2 is read", magic)
	}
	size := batchFrame + int(int32(binary.BigEndian.Uint32(data[batchLengthAt:])))
	if size < batchRecordsAt {
		return nil, nil, false, fmt.Errorf("it says it has %d bytes", size)
	}
	if size > len(data) {
		return nil, nil, false, nil
	}
	return rawBatch(data[:size]), data[size:], true, nil
}

// recordReader turns batches into records. It reuses its memory: records are overwritten after reset.
type recordReader struct {
	records []event.Record
	headers []event.Header
	// plain holds decompressed batches; a batch's records point into it.
	plain   [][]byte
	used    int
	source  bytes.Reader
	decoded int
}

// reset forgets the records read so far and reuses their memory.
func (r *recordReader) reset() {
	clear(r.headers)
	r.records, r.headers, r.used, r.decoded = r.records[:0], r.headers[:0], 0, 0
}

// read appends the records of a batch from offset from on: all, or with an error none. The records point into b, or into the
// reader's own memory where b is compressed.
func (r *recordReader) read(b rawBatch, from int64) error {
	records, headers := len(r.records), len(r.headers)
	data, err := r.decompress(b)
	if err == nil {
		err = r.decode(b, data, from)
	}
	if err != nil {
		r.records, r.headers = r.records[:records], r.headers[:headers]
	}
	return err
}

// maxPlain is how many bytes a batch may decompress to: a few kilobytes can be made to hold gigabytes.
const maxPlain = 128 << 20

var errBomb = fmt.Errorf("it decompresses to more than %d MiB", maxPlain>>20)

func (r *recordReader) decompress(b rawBatch) ([]byte, error) {
	data := []byte(b[batchRecordsAt:])
	code := b.attributes() & attributeCodec
	if code == 0 {
		return data, nil
	}
	if code >= len(compress.Codecs) {
		return nil, fmt.Errorf("codec %d is not supported", code)
	}
	codec := compress.Codecs[code]
	if codec.Code() == compress.Snappy.Codec().Code() {
		if err := checkSnappy(data); err != nil {
			return nil, err
		}
	}
	if r.used == len(r.plain) {
		r.plain = append(r.plain, nil)
	}
	buf := r.plain[r.used][:0]
	r.plain[r.used] = nil // a bomb leaves no memory behind
	r.source.Reset(data)
	z := codec.NewReader(&r.source)
	for {
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, max(64<<10, 4*len(data)))
		}
		n, err := z.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if len(buf) > maxPlain {
			return nil, errors.Join(errBomb, z.Close())
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			_ = z.Close()
			return nil, fmt.Errorf("%s: %w", codec.Name(), err)
		}
	}
	r.plain[r.used] = buf
	r.used++
	return buf, z.Close()
}

// xerial begins data that snappy has compressed in frames, each with its length in four bytes.
var xerial = []byte("\x82SNAPPY\x00")

const xerialHeader = 16

// checkSnappy checks the lengths that snappy's decoder makes memory for unseen.
func checkSnappy(data []byte) error {
	framed := bytes.HasPrefix(data, xerial)
	if framed {
		data = data[min(xerialHeader, len(data)):]
	}
	plain := uint64(0)
	for len(data) > 0 {
		frame := data
		if framed {
			if len(data) < 4 || uint64(binary.BigEndian.Uint32(data)) > uint64(len(data)-4) {
				return errTruncated
			}
			n := 4 + int(binary.BigEndian.Uint32(data))
			frame, data = data[4:n], data[n:]
		} else {
			data = nil
		}
		n, _ := binary.Uvarint(frame)
		if plain += min(n, maxPlain+1); plain > maxPlain {
			return errBomb
		}
	}
	return nil
}

func (r *recordReader) decode(b rawBatch, data []byte, from int64) error {
	count := int(int32(binary.BigEndian.Uint32(b[batchCountAt:])))
	if count < 0 || count > len(data)/minRecord {
		return fmt.Errorf("%d records in %d bytes", count, len(data))
	}
	r.decoded += len(data)
	base := b.baseOffset()
	first := int64(binary.BigEndian.Uint64(b[batchFirstTimestampAt:]))
	appendTime := b.attributes()&attributeLogAppendTime != 0
	if appendTime {
		first = int64(binary.BigEndian.Uint64(b[batchMaxTimestampAt:]))
	}
	r.records = slices.Grow(r.records, count)
	last := int64(-1)
	for range count {
		c := cursor{data: data}
		body := cursor{data: c.bytes(c.varint())}
		if c.failed {
			return errTruncated
		}
		data = c.data
		body.skip(1) // attributes, unused in format 2
		timestamp := first + body.varint()
		if appendTime {
			timestamp = first
		}
		delta := body.varint()
		rec := event.Record{Offset: base + delta, Time: timestamp, AppendTime: appendTime}
		rec.Key = body.bytes(body.varint())
		rec.Value = body.bytes(body.varint())
		rec.Headers = r.readHeaders(&body)
		switch {
		case body.failed:
			return errTruncated
		case len(body.data) > 0:
			return fmt.Errorf("a record is followed by %d bytes of its own length", len(body.data))
		case delta <= last || delta > b.lastDelta():
			return fmt.Errorf("a record has offset %d after %d, the batch ends at %d", rec.Offset, base+last, base+b.lastDelta())
		}
		last = delta
		if rec.Offset >= from && !isFiller(&rec) {
			r.records = append(r.records, rec)
		}
	}
	if len(data) > 0 {
		return fmt.Errorf("its %d records are followed by %d bytes", count, len(data))
	}
	return nil
}

// minRecord is the size of the smallest record: its length and six fields, each of one byte.
const minRecord = 7

func (r *recordReader) readHeaders(c *cursor) []event.Header {
	n := c.varint()
	if n <= 0 || n > int64(len(c.data)) {
		c.failed = c.failed || n != 0
		return nil
	}
	start := len(r.headers)
	for range n {
		key := c.bytes(c.varint())
		r.headers = append(r.headers, event.Header{Key: key, Value: c.bytes(c.varint())})
	}
	return r.headers[start:len(r.headers):len(r.headers)]
}

var errTruncated = errors.New("a record is cut short")

// cursor reads a record's fields. After a field that does not fit, failed stays true and everything read is empty.
type cursor struct {
	data   []byte
	failed bool
}

func (c *cursor) varint() int64 {
	v, n := binary.Varint(c.data)
	if n <= 0 {
		c.failed, c.data = true, nil
		return 0
	}
	c.data = c.data[n:]
	return v
}

// bytes takes n bytes; -1 is Kafka's null.
func (c *cursor) bytes(n int64) []byte {
	if n < 0 || n > int64(len(c.data)) {
		if n != -1 {
			c.failed, c.data = true, nil
		}
		return nil
	}
	b := c.data[:n:n]
	c.data = c.data[n:]
	return b
}

func (c *cursor) skip(n int64) { c.bytes(n) }
