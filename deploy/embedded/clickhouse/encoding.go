package clickhouse

import (
	"compress/gzip"
	"compress/zlib"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ClickHouse/ch-go/compress"
	"github.com/andybalholm/brotli"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
)

// contentEncodings are those of HTTP, the preferred one first: on loopback, speed counts.
var contentEncodings = []string{"lz4", "zstd", "gzip", "deflate", "br"}

// acceptedEncoding returns the encoding to use for an Accept-Encoding header, "" for none.
func acceptedEncoding(header string) string {
	for _, encoding := range contentEncodings {
		for part := range strings.SplitSeq(header, ",") {
			name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
			if strings.TrimSpace(name) == encoding && strings.ReplaceAll(quality, " ", "") != "q=0" {
				return encoding
			}
		}
	}
	return ""
}

// decoded reads a request body with a Content-Encoding.
func decoded(r io.Reader, encoding string) (io.Reader, error) {
	switch encoding {
	case "", "identity":
		return r, nil
	case "gzip":
		return gzip.NewReader(r)
	case "deflate":
		return zlib.NewReader(r)
	case "br":
		return brotli.NewReader(r), nil
	case "lz4":
		return lz4.NewReader(r), nil
	case "zstd":
		// Without goroutines of its own, since nobody closes it, and with a bound of what a header may make it allocate.
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(128<<20))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return nil, fmt.Errorf("content encoding %q is not known", encoding)
}

// encoded writes a response body with a Content-Encoding; Close ends the encoding and leaves w open.
func encoded(w io.Writer, encoding string) (io.WriteCloser, error) {
	switch encoding {
	case "gzip":
		return gzip.NewWriterLevel(w, gzip.BestSpeed)
	case "deflate":
		return zlib.NewWriterLevel(w, zlib.BestSpeed)
	case "br":
		return brotli.NewWriterLevel(w, brotli.BestSpeed), nil
	case "lz4":
		return lz4.NewWriter(w), nil
	case "zstd":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	}
	return plain{w}, nil
}

type plain struct{ io.Writer }

func (plain) Close() error { return nil }

// blockReader reads ClickHouse's own compressed blocks, which a client sends with decompress=1.
type blockReader struct{ r *compress.Reader }

func (b blockReader) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if errors.Is(err, io.EOF) {
		err = io.EOF // which it wraps; a block that breaks off is an unexpected EOF
	}
	return n, err
}

// blockWriter writes ClickHouse's own compressed blocks, which a client asks for with compress=1.
type blockWriter struct {
	w    io.Writer
	comp *compress.Writer
}

// blockSize is the most that one compressed block holds, as in ClickHouse.
const blockSize = 1 << 20

func newBlockWriter(w io.Writer, method string) blockWriter {
	m := compress.LZ4
	switch strings.ToUpper(method) {
	case "ZSTD":
		m = compress.ZSTD
	case "LZ4HC":
		m = compress.LZ4HC
	case "NONE":
		m = compress.None
	}
	return blockWriter{w: w, comp: compress.NewWriter(compress.LevelZero, m)}
}

func (b blockWriter) Write(p []byte) (int, error) {
	written := 0
	for len(p) > 0 {
		n := min(len(p), blockSize)
		if err := b.comp.Compress(p[:n]); err != nil {
			return written, err
		}
		if _, err := b.w.Write(b.comp.Data); err != nil {
			return written, err
		}
		written, p = written+n, p[n:]
	}
	return written, nil
}
