package poll

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxPacked is how often a document may be packed. One that was packed more often is a mistake or an attack.
const maxPacked = 2

// unpack returns what a document holds that is itself a file of gzip or zstd, so that MaxBytes bounds the text and not only its packing.
func unpack(body []byte) ([]byte, error) {
	for range maxPacked {
		in, err := unpacker(body)
		if in == nil || err != nil {
			return body, err
		}
		unpacked, err := readAll(in)
		in.Close()
		if errors.Is(err, errTooLarge) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("the document cannot be unpacked behind %d bytes: %w", len(unpacked), err)
		}
		body = unpacked
	}
	if in, err := unpacker(body); in != nil || err != nil {
		return nil, errors.New("the document is packed more than twice")
	}
	return body, nil
}

// unpacker reads a file of gzip or zstd, and is nil for any other.
func unpacker(body []byte) (io.ReadCloser, error) {
	switch {
	case bytes.HasPrefix(body, []byte("\x1f\x8b")):
		in, err := gzip.NewReader(bytes.NewReader(body))
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return in, nil
	case isZstd(body):
		in, err := zstd.NewReader(bytes.NewReader(body), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(MaxBytes))
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return in.IOReadCloser(), nil
	}
	return nil, nil
}

// isZstd reports whether a file begins with a frame of zstd, perhaps one to be skipped (RFC 8878, sections 3.1.1 and 3.1.2).
func isZstd(body []byte) bool {
	return bytes.HasPrefix(body, []byte("\x28\xb5\x2f\xfd")) ||
		len(body) >= 4 && body[0]&0xf0 == 0x50 && string(body[1:4]) == "\x2a\x4d\x18"
}

var errTooLarge = fmt.Errorf("the document is larger than %d MiB", MaxBytes>>20)

// readAll returns what was read with an error, too.
func readAll(in io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(in, MaxBytes+1))
	if err == nil && len(body) > MaxBytes {
		err = errTooLarge
	}
	return body, err
}
