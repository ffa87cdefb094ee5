package clickhouse

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/ClickHouse/ch-go/compress"
)

// compressor compresses a body into frames of ClickHouse's own, which its servers take with decompress=1.
type compressor struct {
	plain []byte
	frame *compress.Writer
}

// frameBytes is how much is compressed at a time, as ClickHouse's own clients do it.
const frameBytes = 1 << 20

// compressorsOf is a pool of compressors for a method of the configuration. It is nil for the method "none".
func compressorsOf(method string) *sync.Pool {
	m, ok := map[string]compress.Method{"lz4": compress.LZ4, "zstd": compress.ZSTD}[method]
	if !ok {
		return nil
	}
	return &sync.Pool{New: func() any {
		return &compressor{plain: make([]byte, frameBytes), frame: compress.NewWriter(compress.LevelZero, m)}
	}}
}

// compressedBody is a request's body. The HTTP client may close it while it reads.
type compressedBody struct {
	io.ReadCloser
	pool *sync.Pool

	mu    sync.Mutex
	c     *compressor // nil once closed
	ready []byte
}

func (b *compressedBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c == nil {
		return 0, io.ErrClosedPipe
	}
	if len(b.ready) == 0 {
		n, err := io.ReadFull(b.ReadCloser, b.c.plain)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // which says that n are the last ones
			return 0, err
		}
		if err := b.c.frame.Compress(b.c.plain[:n]); err != nil {
			return 0, fmt.Errorf("compress: %w", err)
		}
		b.ready = b.c.frame.Data
	}
	n := copy(p, b.ready)
	b.ready = b.ready[n:]
	return n, nil
}

func (b *compressedBody) Close() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.c != nil {
		b.pool.Put(b.c)
		b.c = nil
	}
	return b.ReadCloser.Close()
}
