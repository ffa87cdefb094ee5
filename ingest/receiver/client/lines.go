package client

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"io"

	"dwell/ingest/receiver"
)

// lineReader reads the lines of a file, and hashes those that were passed.
type lineReader struct {
	in   *bufio.Reader
	hash hash.Hash
	// bytes and lines were passed.
	bytes, lines int64
	read         int64 // bytes of the current line
}

func newLineReader(file io.Reader) *lineReader {
	r := &lineReader{hash: sha256.New()}
	r.in = bufio.NewReaderSize(file, receiver.MaxEvent+len("\r\n"))
	return r
}

// skip passes what was answered in an earlier run.
func (r *lineReader) skip(begun Progress) error {
	if begun.Bytes == 0 {
		return nil
	}
	_, err := io.CopyN(r.hash, r.in, begun.Bytes)
	if errors.Is(err, io.EOF) || err == nil && r.sum() != begun.Hash {
		return ErrChanged
	}
	r.bytes, r.lines = begun.Bytes, begun.Lines
	return err
}

// next reads a line without the blanks around it, which is valid until the next call. The error is io.EOF with a last line that has no
// end. Of a line that is longer than an event may be, as much is read as the server needs to refuse it.
func (r *lineReader) next() (line []byte, err error) {
	line, err = r.slice()
	for first := true; errors.Is(err, bufio.ErrBufferFull); first = false {
		if first {
			line = bytes.Clone(line)
		}
		_, err = r.slice()
	}
	return bytes.TrimSpace(line), err
}

func (r *lineReader) slice() ([]byte, error) {
	b, err := r.in.ReadSlice('\n')
	r.hash.Write(b)
	r.read += int64(len(b))
	return b, err
}

// pass counts the line that was read.
func (r *lineReader) pass() { r.bytes, r.lines, r.read = r.bytes+r.read, r.lines+1, 0 }

// within reports whether the last line that was read has no end.
func (r *lineReader) within() bool { return r.read > 0 }

func (r *lineReader) sum() string { return hex.EncodeToString(r.hash.Sum(nil)) }

// progress is up to the last line that was passed.
func (r *lineReader) progress(endpoint string, events int64) Progress {
	return Progress{Endpoint: endpoint, Bytes: r.bytes, Hash: r.sum(), Lines: r.lines, Events: events}
}
