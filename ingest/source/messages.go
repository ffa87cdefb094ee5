package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
	"unicode/utf8"

	"dwell/ingest/event"
)

// Messages makes events of the messages of a topic, each of which is one or several records: objects of JSON, or lines of CSV without a
// header. It is not safe for concurrent use.
type Messages struct {
	translator translator
	names      []string // of the values of a record
}

// NewMessages is for the messages that a mapping of events describes. Zone is the time zone of a BCP.
func NewMessages(m Mapping, voc *event.Vocabulary, zone func(bcp string) *time.Location) (*Messages, error) {
	if !m.OfEvents() {
		return nil, fmt.Errorf("mapping %q is of queue readings; messages are events", m.Name)
	}
	if err := m.checkPlaces(voc); err != nil {
		return nil, err
	}
	t := &Messages{names: m.names()}
	t.translator = translator{mapping: &m, voc: voc, zone: zone, decoder: event.NewDecoder(voc, MaxSkew)}
	if m.headless {
		t.names = nil
		for _, name := range m.names() {
			n, err := strconv.Atoi(name)
			if err != nil || n < 1 || n > maxPaths {
				return nil, fmt.Errorf("mapping %q: column %q is no number; the lines of messages have no header, so columns are numbered from 1", m.Name, name)
			}
			for len(t.names) < n {
				t.names = append(t.names, strconv.Itoa(len(t.names)+1))
			}
		}
	}
	var err error
	t.translator.at, err = m.place(t.names)
	if err == nil && !m.headless {
		_, err = newTreeRecords(nil, t.names)
	}
	if err != nil {
		return nil, fmt.Errorf("mapping %q: %w", m.Name, err)
	}
	return t, nil
}

// Translate calls each with the event of each record of a message, or with a *LineError for one that cannot be used; both are valid until it
// returns. Passed is the number of records that only and except of the mapping pass over. Origin, such as topic/partition/offset, is the id
// of the message where the mapping names none. No event is later than now.
func (t *Messages) Translate(message []byte, origin string, now time.Time, each func(Line, error) error) (passed int, err error) {
	r, err := t.records(message)
	if err != nil {
		return 0, each(Line{}, &LineError{Line: 1, Reason: UnreadableLine, Text: err.Error(), Bytes: message})
	}
	for n := 1; ; n++ {
		number, values, err := r.next()
		var bad *LineError
		switch {
		case errors.Is(err, io.EOF) && n > 1:
			return passed, nil
		case errors.Is(err, io.EOF): // an empty list, or comments alone
			return 0, each(Line{}, &LineError{Line: 1, Reason: UnreadableLine, Text: "the message has no record", Bytes: message})
		case errors.As(err, &bad):
			bad.Bytes = bytes.TrimRight(r.raw(), "\r\n")
			err = each(Line{}, bad)
		case err != nil: // the rest of the message cannot be read
			return passed, each(Line{}, &LineError{Line: n, Reason: UnreadableLine, Text: err.Error(), Bytes: message})
		case len(values) < len(t.names):
			err = each(Line{}, &LineError{Line: number, Reason: UnreadableLine, Text: fmt.Sprintf("%d fields, and the mapping names column %d", len(values), len(t.names)), Bytes: bytes.TrimRight(r.raw(), "\r\n")})
		default:
			id := origin
			if n > 1 {
				id += "/" + strconv.Itoa(n)
			}
			selected := 0
			selected, err = t.translator.record(number, values, id, now.UnixMilli(), func(l Line, err error) error {
				if errors.As(err, &bad) {
					bad.Bytes = bytes.TrimRight(r.raw(), "\r\n")
				}
				return each(l, err)
			})
			if selected == 0 {
				passed++
			}
		}
		if err != nil {
			return passed, err
		}
	}
}

// records are those of a message.
func (t *Messages) records(message []byte) (records, error) {
	m := t.translator.mapping
	if len(message) > maxLine {
		return nil, fmt.Errorf("it has more than %d bytes", maxLine)
	}
	decoded, err := plain(bufio.NewReader(bytes.NewReader(message)), m.Encoding)
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(decoded)
	if err != nil {
		return nil, err
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return nil, errors.New("the message is empty")
	}
	in := bufio.NewReaderSize(bytes.NewReader(text), len(text)+1)
	if m.headless {
		return newLines(in, m.Separator, m.Comment), nil
	}
	if !utf8.Valid(text) {
		return nil, errNotUTF8
	}
	return newTreeRecords(newJSON(in, text, m.path), t.names)
}
