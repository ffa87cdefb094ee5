package poll

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"

	"dwell/ingest/packed"
)

// unpack returns what a document holds that is itself a packed file, so that MaxBytes bounds the text and not only its packing.
func unpack(body []byte) ([]byte, error) {
	for range packed.Most + 1 {
		in, err := packed.Unpack(bufio.NewReader(bytes.NewReader(body)))
		if in == nil || err != nil {
			return body, err
		}
		unpacked, err := readAll(in)
		if errors.Is(err, errTooLarge) {
			return nil, err
		}
		if err != nil {
			return nil, fmt.Errorf("the document cannot be unpacked behind %d bytes: %w", len(unpacked), err)
		}
		body = unpacked
	}
	return nil, packed.ErrTooOften
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
