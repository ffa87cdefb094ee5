package source

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"dwell/ingest/event"
)

// A quoted field may go on in the next lines. Where its quote is not closed within these, where the lines together have not
// the fields of the header, or where one of them has as many separators as a record, the quote was a slip, and costs its own
// line alone: of two slips the second would close the first, and swallow the lines between.
const (
	maxLinesOfRecord = 32
	maxRecord        = 64 << 10
)

// maxLine is the longest line in bytes. A longer one is refused, and its first bytes are kept.
const (
	maxLine    = 1 << 20
	keptOfLine = 64 << 10
)

// lines reads the records of a CSV file. What cannot be read costs a line, never the next one.
type lines struct {
	in        *bufio.Reader
	separator rune
	comment   rune
	fields    int // of each record; 0 is those of the first
	csv       *csv.Reader
	feed      feed
	ahead     []physical // lines that were read in search of the end of a quote
	number    int        // of the last line that was taken
	end       error      // of the file, once ahead is used up
	skipped   int64      // empty lines and comments
	bytes     []byte     // the bytes of the last record, valid until the next call
}

// physical is a line of the file, and the reason why it could not be kept whole.
type physical struct {
	text []byte
	err  error
}

// newLines reads lines that are as long as the buffer of in at most.
func newLines(in *bufio.Reader, separator, comment rune) *lines {
	l := &lines{in: in, separator: separator, comment: comment}
	l.csv = l.parser(&l.feed)
	return l
}

func (l *lines) raw() []byte { return l.bytes }

func (l *lines) passed() int64 { return l.skipped }

func (l *lines) parser(in io.Reader) *csv.Reader {
	c := csv.NewReader(in)
	c.Comma, c.Comment, c.ReuseRecord, c.FieldsPerRecord = l.separator, l.comment, true, -1
	return c
}

// feed gives a csv.Reader one line, and then the end, after which the next line may come.
type feed struct{ rest []byte }

func (f *feed) Read(p []byte) (int, error) {
	if len(f.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// next returns the fields of the next record and the number of its first line; they are valid until the next call. Empty
// lines and comments are skipped. The error is a *LineError where the line cannot be used, io.EOF at the end, or that of the
// file.
func (l *lines) next() (number int, fields []string, err error) {
	for {
		line, err := l.take()
		l.bytes = line
		if err != nil {
			var bad *LineError
			if errors.As(err, &bad) {
				return bad.Line, nil, err
			}
			return 0, nil, err
		}
		number := l.number
		if !utf8.Valid(line) {
			return number, nil, &LineError{Line: number, Reason: UnreadableLine, Text: errNotUTF8.Error()}
		}
		l.feed.rest = line
		fields, err := l.csv.Read()
		switch {
		case errors.Is(err, io.EOF):
			l.skipped++
			continue
		case errors.Is(err, csv.ErrQuote):
			l.bytes = bytes.Clone(line) // reading on may overwrite the line
			fields, err = l.join(l.bytes)
		}
		if err != nil {
			l.csv = l.parser(&l.feed) // the old one may have kept a part of the line
			l.feed.rest = nil
			var fault *csv.ParseError
			if errors.As(err, &fault) {
				err = fault.Err
			}
			return number, nil, &LineError{Line: number, Reason: UnreadableLine, Text: err.Error()}
		}
		if l.fields == 0 {
			l.fields = len(fields)
		}
		if len(fields) != l.fields {
			return number, nil, &LineError{Line: number, Reason: UnreadableLine, Text: fmt.Sprintf("%d fields instead of %d", len(fields), l.fields)}
		}
		return number, fields, nil
	}
}

// take is the next line of the file, with its end; of one that is too long, the beginning. It is valid until the next call.
func (l *lines) take() ([]byte, error) {
	l.number++
	if len(l.ahead) > 0 {
		line := l.ahead[0]
		l.ahead = l.ahead[1:]
		return line.text, line.err
	}
	return l.read(l.number)
}

func (l *lines) read(number int) ([]byte, error) {
	if l.end != nil {
		return nil, l.end
	}
	line, long, err := readLine(l.in)
	l.end = err
	switch {
	case long:
		return line, &LineError{Line: number, Reason: event.TooLarge, Text: fmt.Sprintf("it has more than %d bytes", maxLine)}
	case err != nil && (len(line) == 0 || !errors.Is(err, io.EOF)):
		return nil, err
	}
	return line, nil
}

// join reads on for the end of a quote that first leaves open.
func (l *lines) join(first []byte) ([]string, error) {
	record := bytes.Clone(first)
	quotes := bytes.Count(record, []byte(`"`))
	unclosed := &csv.ParseError{Err: errors.New("a quote is not closed, or is inside a field without being doubled")}
	for i := range maxLinesOfRecord {
		if i == len(l.ahead) {
			line, err := l.read(l.number + i + 1)
			l.ahead = append(l.ahead, physical{bytes.Clone(line), err})
		}
		more := l.ahead[i]
		if more.err != nil || len(record)+len(more.text) > maxRecord || !utf8.Valid(more.text) || l.isRecord(more.text) {
			return nil, unclosed
		}
		record = append(record, more.text...)
		if quotes += bytes.Count(more.text, []byte(`"`)); quotes%2 == 1 { // a quote is open
			continue
		}
		all, err := l.parser(bytes.NewReader(record)).ReadAll()
		if err == nil && len(all) == 1 && (len(all[0]) == l.fields || l.fields == 0) {
			l.ahead, l.number, l.bytes = l.ahead[i+1:], l.number+i+1, record
			return all[0], nil
		}
		return nil, unclosed // more lines would be more records
	}
	return nil, unclosed
}

// isRecord reports whether a line could be a record of its own.
func (l *lines) isRecord(line []byte) bool {
	return l.fields > 1 && bytes.Count(line, []byte(string(l.separator))) >= l.fields-1
}
