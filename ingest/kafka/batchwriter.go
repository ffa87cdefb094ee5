package kafka

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"io"

	"github.com/pierrec/lz4/v4"
	"github.com/segmentio/kafka-go/compress"

	"dwell/ingest/event"
)

// batchWriter makes one record batch of format v2. It reuses its memory after reset.
type batchWriter struct {
	body, record []byte
	out          bytes.Buffer
	lz4          *lz4.Writer
	count        int
	first, last  int64 // timestamps of the first record and the latest
}

func (w *batchWriter) reset() {
	w.body, w.count = w.body[:0], 0
	w.out.Reset()
}

// add appends a record.
func (w *batchWriter) add(r *event.Record) {
	if w.count == 0 {
		w.first, w.last = r.Time, r.Time
	}
	w.last = max(w.last, r.Time)
	b := append(w.record[:0], 0) // attributes, unused in format 2
	b = binary.AppendVarint(b, r.Time-w.first)
	b = binary.AppendVarint(b, int64(w.count))
	b = appendBytes(b, r.Key)
	b = appendBytes(b, r.Value)
	b = binary.AppendVarint(b, int64(len(r.Headers)))
	for _, h := range r.Headers {
		b = binary.AppendVarint(b, int64(len(h.Key)))
		b = append(b, h.Key...)
		b = appendBytes(b, h.Value)
	}
	w.body = binary.AppendVarint(w.body, int64(len(b)))
	w.body = append(w.body, b...)
	w.record = b
	w.count++
}

// appendBytes writes a field of its length; nil is Kafka's null.
func appendBytes(to, b []byte) []byte {
	if b == nil {
		return binary.AppendVarint(to, -1)
	}
	return append(binary.AppendVarint(to, int64(len(b))), b...)
}

func (w *batchWriter) compressor(codec compress.Compression) io.WriteCloser {
	if codec != compress.Lz4 {
		return codec.Codec().NewWriter(&w.out)
	}
	// kafka-go's own writer takes blocks of 4 MB, which every reader of the batch then has to allocate; Kafka's Java
	// client writes blocks of 64 kB.
	if w.lz4 == nil {
		w.lz4 = lz4.NewWriter(nil)
		_ = w.lz4.Apply(lz4.BlockSizeOption(lz4.Block64Kb)) // fails for sizes that do not exist
	}
	w.lz4.Reset(&w.out)
	return w.lz4
}

// finish returns the record set of a produce request: the batch with its length in front. It is valid until reset.
func (w *batchWriter) finish(codec compress.Compression) ([]byte, error) {
	const frame = 4
	var head [frame + batchRecordsAt]byte
	w.out.Write(head[:])
	if codec == compress.None {
		w.out.Write(w.body)
	} else {
		z := w.compressor(codec)
		if _, err := z.Write(w.body); err != nil {
			return nil, err
		}
		if err := z.Close(); err != nil {
			return nil, err
		}
	}
	set := w.out.Bytes()
	b := set[frame:]
	binary.BigEndian.PutUint32(set, uint32(len(b)))
	binary.BigEndian.PutUint32(b[batchLengthAt:], uint32(len(b)-batchFrame))
	binary.BigEndian.PutUint32(b[batchLeaderEpochAt:], 1<<32-1)
	b[batchMagicAt] = 2
	binary.BigEndian.PutUint16(b[batchAttributesAt:], uint16(codec))
	binary.BigEndian.PutUint32(b[batchLastOffsetDeltaAt:], uint32(w.count-1))
	binary.BigEndian.PutUint64(b[batchFirstTimestampAt:], uint64(w.first))
	binary.BigEndian.PutUint64(b[batchMaxTimestampAt:], uint64(w.last))
	// No producer id, epoch or sequence: the writer is not idempotent.
	for i := batchProducerIDAt; i < batchCountAt; i++ {
		b[i] = 0xff
	}
	binary.BigEndian.PutUint32(b[batchCountAt:], uint32(w.count))
	binary.BigEndian.PutUint32(b[batchCRCAt:], crc32.Checksum(b[batchAttributesAt:], castagnoli))
	return set, nil
}
