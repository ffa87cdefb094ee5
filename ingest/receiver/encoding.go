package receiver

import (
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/zstd"
)

// encoding is how a body is packed; the empty one is not.
type encoding string

// encodings are those that a body may have.
const encodings = "gzip, zstd"

// encodingOf is that of a request. It returns false for one that is not supported, and for several at once: each could make a small body a
// large one.
func encodingOf(r *http.Request) (encoding, bool) {
	switch e := strings.ToLower(strings.TrimSpace(strings.Join(r.Header.Values("Content-Encoding"), ","))); e {
	case "", "identity":
		return "", true
	case "gzip", "x-gzip": // RFC 9110, section 8.4.1.3
		return "gzip", true
	case "zstd":
		return "zstd", true
	}
	return "", false
}

// maxWindow is how far back zstd may refer, which it keeps in memory: what every decoder should support (RFC 8878, section 3.1.1.1.2).
const maxWindow = 8 << 20

// unpack unpacks as it is read.
func (e encoding) unpack(packed io.Reader) (io.ReadCloser, error) {
	switch e {
	case "gzip":
		return gzip.NewReader(packed)
	case "zstd":
		d, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow))
		if err != nil {
			return nil, err
		}
		return d.IOReadCloser(), nil
	}
	return io.NopCloser(packed), nil
}

// wire is a body as it arrives. It keeps its error, which a decoder may wrap or replace.
type wire struct {
	io.Reader

	err error
}

func (w *wire) Read(p []byte) (int, error) {
	n, err := w.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		w.err = err
	}
	return n, err
}

func (e encoding) broken(err error) *Receipt {
	return problem(http.StatusBadRequest, "the body cannot be unpacked", fmt.Sprintf("it is not whole and valid %s: %v; nothing of it is taken", e, err))
}
