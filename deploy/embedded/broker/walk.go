package broker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/snappy"
	"github.com/klauspost/compress/zstd"
	"github.com/segmentio/kafka-go/compress"
)

// maxPlain bounds a batch that is decompressed: 32 times what a topic takes compressed.
const maxPlain = 32 << 20

var (
	errRecordCut  = errors.New("a record is cut short")
	errBomb       = fmt.Errorf("more than %d bytes when it is decompressed", maxPlain)
	errRecordSize = errors.New("a record is longer or shorter than it says")
)

// walk reads all records of the batch and keeps none, so that one that cannot be read never gets into the log. A batch that is not
// compressed costs no memory, another one the window of its codec.
func (b batch) walk() error {
	code := b.attributes() & attributeCodec
	if code == 0 {
		return b.walkPlain(b[batchRecordsAt:])
	}
	z, err := decompressor(int(code), b[batchRecordsAt:])
	if err != nil {
		return err
	}
	defer func() { _ = z.Close() }()
	plain := plains.Get().(*bytes.Buffer)
	defer func() {
		if plain.Cap() <= 4<<20 {
			plain.Reset()
			plains.Put(plain)
		}
	}()
	if _, err := plain.ReadFrom(io.LimitReader(z, maxPlain+1)); err != nil {
		return fmt.Errorf("%s: %w", compress.Codecs[code].Name(), err)
	}
	if plain.Len() > maxPlain {
		return errBomb
	}
	return b.walkPlain(plain.Bytes())
}

var plains = sync.Pool{New: func() any { return new(bytes.Buffer) }}

func decompressor(code int, data []byte) (io.ReadCloser, error) {
	switch {
	case code >= len(compress.Codecs):
		return nil, fmt.Errorf("codec %d is not supported", code)
	case code == int(compress.Snappy):
		if err := snappySizes(data); err != nil {
			return nil, err
		}
	case code == int(compress.Zstd):
		z := zstds.Get().(*zstd.Decoder)
		if err := z.Reset(bytes.NewReader(data)); err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return pooledZstd{z}, nil
	}
	return compress.Codecs[code].NewReader(bufio.NewReader(bytes.NewReader(data))), nil
}

// zstds are decoders with a bounded window. The one of kafka-go makes room for whatever a batch claims.
var zstds = sync.Pool{New: func() any {
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxPlain))
	if err != nil {
		panic(err) // the options are right
	}
	return z
}}

type pooledZstd struct{ *zstd.Decoder }

func (z pooledZstd) Close() error {
	err := z.Reset(nil)
	zstds.Put(z.Decoder)
	return err
}

// snappySizes checks the sizes that a block says it has, for which the decoder makes room at once.
func snappySizes(data []byte) error {
	xerial := []byte{130, 'S', 'N', 'A', 'P', 'P', 'Y', 0}
	blocks := data
	if len(data) >= 16 && bytes.HasPrefix(data, xerial) {
		blocks = data[16:]
	}
	for len(blocks) > 0 {
		block := blocks
		if len(blocks) < len(data) { // framed
			if len(blocks) < 4 || uint64(binary.BigEndian.Uint32(blocks)) > uint64(len(blocks)-4) {
				return errors.New("snappy: a block is cut short")
			}
			n := binary.BigEndian.Uint32(blocks)
			block, blocks = blocks[4:4+n], blocks[4+n:]
		} else {
			blocks = nil
		}
		if n, err := snappy.DecodedLen(block); err != nil || n > maxPlain {
			return fmt.Errorf("snappy: a block of %d bytes: %w", n, errors.Join(err, errBomb))
		}
	}
	return nil
}

// walkPlain reads the records of a batch that is not compressed, or not any more.
func (b batch) walkPlain(data []byte) error {
	for i := range b.count() {
		n, size := binary.Varint(data)
		if size <= 0 || n < 0 || n > int64(len(data)-size) {
			return errRecordCut
		}
		if err := walkRecord(data[size:size+int(n)], int64(i)); err != nil {
			return err
		}
		data = data[size+int(n):]
	}
	if len(data) > 0 {
		return errors.New("more records than it says")
	}
	return nil
}

// walkRecord reads the fields of one record: attributes, timestamp, offset, key, value and headers.
func walkRecord(data []byte, delta int64) error {
	if len(data) < 1 {
		return errRecordCut
	}
	in := fields{data: data[1:]}
	in.varint() // timestamp
	if in.varint() != delta && !in.failed {
		return errors.New("offsets that are not consecutive")
	}
	in.skip(in.varint(), -1) // key
	in.skip(in.varint(), -1) // value
	headers := in.varint()
	if headers < 0 || headers > int64(len(in.data)) {
		in.failed = true
	}
	for range headers {
		if in.failed {
			break
		}
		in.skip(in.varint(), 0)
		in.skip(in.varint(), -1)
	}
	switch {
	case in.failed:
		return errRecordCut
	case len(in.data) > 0:
		return errRecordSize
	}
	return nil
}

// fields reads the fields of a record. After one that does not fit, failed stays true.
type fields struct {
	data   []byte
	failed bool
}

func (f *fields) varint() int64 {
	if len(f.data) > 0 && f.data[0] < 0x80 { // most
		v := int64(f.data[0]>>1) ^ -int64(f.data[0]&1)
		f.data = f.data[1:]
		return v
	}
	v, n := binary.Varint(f.data)
	if n <= 0 {
		f.failed, f.data = true, nil
		return 0
	}
	f.data = f.data[n:]
	return v
}

// skip skips n bytes. Null is -1, where it is allowed.
func (f *fields) skip(n, least int64) {
	switch {
	case n < least || n > int64(len(f.data)):
		f.failed, f.data = true, nil
	case n > 0:
		f.data = f.data[n:]
	}
}
