package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
)

// firstLines is how many lines of a file may be damaged before it is taken for one of something else.
const firstLines = 5

// BeginsWithEvents reports whether a file may be of events, one a line: one of its first lines begins an object of JSON, or it is empty.
func BeginsWithEvents(file io.Reader) (bool, error) {
	in := bufio.NewReaderSize(file, 1<<16)
	for seen := 0; seen < firstLines; {
		line, _, err := readLine(in)
		line = bytes.TrimSpace(bytes.TrimPrefix(line, []byte("\uFEFF")))
		if bytes.HasPrefix(line, []byte("{")) {
			return true, nil
		}
		if len(line) > 0 {
			seen++
		}
		if errors.Is(err, io.EOF) {
			return seen == 0, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// MayBeEvents is BeginsWithEvents of a file that NewEvents reads, which may be packed, or a list.
func MayBeEvents(file io.Reader) (bool, error) {
	in, err := unpack(file)
	if err != nil {
		return false, err
	}
	text, err := plain(in, nil)
	if err != nil {
		return false, err
	}
	lines := bufio.NewReader(text)
	if first, err := firstSign(lines); err == nil && first == '[' {
		return true, nil
	}
	return BeginsWithEvents(lines)
}
