// Package packed unpacks files of gzip and zstd, which it knows by their first bytes. It bounds the window of zstd, and neither how much a
// file holds nor how often it is packed: its caller does.
package packed

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/zstd"
)

// maxWindow is how far back zstd may refer, which it keeps in memory.
const maxWindow = 64 << 20

// Most is how often a file may be packed. One that was packed more often is a mistake or an attack.
const Most = 2

// ErrTooOften is the error of a file that is packed more often than Most.
var ErrTooOften = errors.New("this is packed more than twice; unpack it")

// Unpack returns what a packed file holds, and nil for a file that is not packed, of which it takes nothing.
func Unpack(in *bufio.Reader) (io.Reader, error) {
	head, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\x1f\x8b")):
		unpacked, err := gzip.NewReader(in)
		if err != nil {
			return nil, fmt.Errorf("gzip: %w", err)
		}
		return unpacked, nil
	case isZstd(head):
		unpacked, err := zstd.NewReader(in, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(maxWindow)) // it has no goroutine to close
		if err != nil {
			return nil, fmt.Errorf("zstd: %w", err)
		}
		return unpacked, nil
	}
	return nil, nil
}

// isZstd reports whether a file begins with a frame of zstd, perhaps one to be skipped, such as pzstd writes (RFC 8878, sections 3.1.1 and 3.1.2).
func isZstd(head []byte) bool {
	return bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd")) ||
		len(head) == 4 && head[0]&0xf0 == 0x50 && string(head[1:]) == "\x2a\x4d\x18"
}
