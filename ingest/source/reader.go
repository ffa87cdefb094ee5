// Package source turns queue readings from other sources, lines of a CSV file, into queue.observed events.
//
// It promises that every line becomes an event or an error with the line's number and the reason; that a number that the
// source lacks is unknown, and a zero that it counted is zero; and that reading the same file again gives events with the
// same ids, so that importing it twice counts once. It refuses to guess what a column means: a mapping says so. It refuses
// the whole file where the mapping is for other places than the configured ones.
//
// A reading's time is when it was taken from the source; its age is how old it was at that time.
package source

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"dwell/ingest/event"
)

// LineError is the reason why a line gives no event.
type LineError struct {
	// Line is the line's number in the file, from 1.
	Line int
	// Reason names the column and the value.
	Reason string
}

func (e *LineError) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Reason) }

// Reader reads one file, line by line. It is not safe for concurrent use.
type Reader struct {
	csv     *csv.Reader
	mapping Mapping
	voc     *event.Vocabulary
	source  []byte
	at      struct{ bcp, time, vehicles, wait, age, missing, closed int } // columns, -1 is none
	until   time.Time
	closed  map[event.BCP]bool
	event   event.Event
}

// NewReader reads the header and takes the mapping that fits it: of several the one that names the most columns, and of
// those the first. A reading after until is an error of its line.
func NewReader(r io.Reader, mappings []Mapping, voc *event.Vocabulary, until time.Time) (*Reader, error) {
	if len(mappings) == 0 {
		return nil, errors.New("readings: no mapping is given")
	}
	var first strings.Builder // the header may have to be read with several separators
	rest, err := headerLine(r, &first)
	if err != nil {
		return nil, fmt.Errorf("readings: header: %w", err)
	}
	var best *Mapping
	var header []string
	for i := range mappings {
		m := &mappings[i]
		h := csv.NewReader(strings.NewReader(first.String()))
		h.Comma = m.Separator
		names, err := h.Read()
		if err != nil || !m.fits(names) {
			continue
		}
		if best == nil || len(m.named()) > len(best.named()) {
			best, header = m, names
		}
	}
	if best == nil {
		return nil, fmt.Errorf("readings: no mapping fits the header %q (tried %s); give one of your own with --map FILE",
			strings.TrimSpace(first.String()), strings.Join(names(mappings), ", "))
	}
	if err := best.checkPlaces(voc); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	q := &Reader{mapping: *best, voc: voc, until: until, source: []byte(best.Source), closed: map[event.BCP]bool{}}
	q.csv = csv.NewReader(rest)
	q.csv.Comma, q.csv.ReuseRecord, q.csv.FieldsPerRecord = best.Separator, true, len(header)
	at := func(name string) int {
		if name == "" {
			return -1
		}
		return slices.Index(header, name)
	}
	c := best.Columns
	q.at.bcp, q.at.time, q.at.vehicles, q.at.wait = at(c.BCP), at(c.Time), at(c.Vehicles), at(c.Wait)
	q.at.age, q.at.missing, q.at.closed = at(c.Age), at(c.Missing), at(c.Closed)
	return q, nil
}

func names(mappings []Mapping) []string {
	var all []string
	for _, m := range mappings {
		all = append(all, m.Name)
	}
	return all
}

// headerLine reads the first line into b, without a byte order mark, and returns a reader of the lines after it.
func headerLine(r io.Reader, b *strings.Builder) (rest io.Reader, err error) {
	buffer := make([]byte, 64<<10)
	n := 0
	for n < len(buffer) && err == nil && !slices.Contains(buffer[:n], '\n') {
		var more int
		more, err = r.Read(buffer[n:])
		n += more
	}
	line, after, ok := strings.Cut(string(buffer[:n]), "\n")
	if !ok && !errors.Is(err, io.EOF) {
		if err == nil {
			err = fmt.Errorf("%q... is longer than %d bytes", line[:40], len(buffer))
		}
		return nil, err
	}
	line = strings.TrimPrefix(line, string(byteOrderMark))
	if strings.TrimSpace(line) == "" {
		return nil, errors.New("the file is empty")
	}
	b.WriteString(line)
	return io.MultiReader(strings.NewReader(after), r), nil
}

// Mapping returns the mapping in use.
func (q *Reader) Mapping() *Mapping { return &q.mapping }

// Records yields the record of each event, as Events does.
func (q *Reader) Records() iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		for e, err := range q.Events() {
			var r event.Record
			if err == nil {
				r = event.NewRecord(q.voc, e, e.Recorded)
			}
			if !yield(r, err) {
				return
			}
		}
	}
}

// Events yields the events in the order of the lines. For a line that gives no event it yields a *LineError and continues;
// any other error is of the file itself, and the last. An event is valid until the next one. Where a BCP closes or opens
// from one reading to the next, bcp.closed or bcp.opened precedes the reading.
func (q *Reader) Events() iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		for {
			line, err := q.csv.Read()
			var fault *csv.ParseError
			switch {
			case err == io.EOF:
				return
			case errors.As(err, &fault):
				if !yield(nil, &LineError{fault.StartLine + 1, fault.Err.Error()}) {
					return
				}
				continue
			case err != nil:
				yield(nil, fmt.Errorf("readings: %w", err))
				return
			}
			number, _ := q.csv.FieldPos(0)
			if !q.line(line, number+1, yield) { // csv does not count the header
				return
			}
		}
	}
}

func (q *Reader) line(line []string, number int, yield func(*event.Event, error) bool) bool {
	closed, err := q.read(line)
	if err != nil {
		return yield(nil, &LineError{number, err.Error()})
	}
	e := &q.event
	if q.closed[e.BCP] != closed {
		q.closed[e.BCP] = closed
		reading := *e
		change := event.BCPOpened
		if closed {
			change = event.BCPClosed
		}
		*e = event.Event{
			Type: change, ID: fmt.Appendf(nil, "%s/%s", e.ID, change), Source: e.Source, Subject: e.Subject,
			Time: e.Time, Recorded: e.Recorded, BCP: e.BCP,
			Vehicles: event.Unknown, WaitSeconds: event.Unknown, AgeSeconds: event.Unknown,
		}
		if !yield(e, nil) {
			return false
		}
		*e = reading
	}
	return yield(e, nil)
}

// read fills the event from a line, and reports whether the BCP was closed.
func (q *Reader) read(line []string) (closed bool, err error) {
	column := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(line[i])
	}
	c := &q.mapping.Columns
	name := column(q.at.bcp)
	id, known := name, true
	if len(q.mapping.BCPs) > 0 {
		id, known = q.mapping.BCPs[name]
	}
	if !known {
		return false, fmt.Errorf("%s: %q is not in the mapping's bcps", c.BCP, name)
	}
	bcp, ok := q.voc.BCP([]byte(id))
	if !ok {
		return false, fmt.Errorf("%s: bcp %q is not in the places", c.BCP, id)
	}
	at, err := time.ParseInLocation(q.mapping.TimeLayout, column(q.at.time), q.mapping.TimeZone)
	if err != nil || at.UnixMilli() < event.Earliest || at.UnixMilli() >= event.Latest {
		return false, fmt.Errorf("%s: %q is not a time such as %q", c.Time, column(q.at.time), q.mapping.TimeLayout)
	}
	if at.After(q.until) {
		return false, fmt.Errorf("%s: %q is in the future", c.Time, column(q.at.time))
	}
	missing, err := flag(c.Missing, column(q.at.missing))
	if err != nil {
		return false, err
	}
	if closed, err = flag(c.Closed, column(q.at.closed)); err != nil {
		return false, err
	}
	q.event = event.Event{
		Type: event.QueueObserved, Source: q.source, Subject: []byte(id), BCP: bcp, Direction: q.mapping.Direction,
		ID:   fmt.Appendf(nil, "%s/%s", name, at.UTC().Format(time.RFC3339Nano)),
		Time: at.UnixMilli(), Recorded: at.UnixMilli(),
		Vehicles: event.Unknown, WaitSeconds: event.Unknown, AgeSeconds: event.Unknown,
	}
	e := &q.event
	if e.AgeSeconds, err = amount(c.Age, column(q.at.age), q.mapping.AgeUnit, q.mapping.Slack); err != nil {
		return false, err
	}
	if missing {
		return closed, nil
	}
	if e.Vehicles, err = count(c.Vehicles, column(q.at.vehicles)); err != nil {
		return false, err
	}
	e.WaitSeconds, err = amount(c.Wait, column(q.at.wait), q.mapping.WaitUnit, 0)
	return closed, err
}

// flag reads a yes or no; empty is no.
func flag(column, s string) (bool, error) {
	switch strings.ToLower(s) {
	case "", "0", "false", "no":
		return false, nil
	case "1", "true", "yes":
		return true, nil
	default:
		return false, fmt.Errorf("%s: %q is not supported; use 0 or 1", column, s)
	}
}

// count reads a number of vehicles; empty is unknown.
func count(column, s string) (int64, error) {
	if s == "" {
		return event.Unknown, nil
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > event.MaxCount {
		return 0, fmt.Errorf("%s: %q is not a number of vehicles", column, s)
	}
	return n, nil
}

// amount reads a length of time in seconds; empty is unknown.
func amount(column, s string, unit, slack time.Duration) (int64, error) {
	if s == "" {
		return event.Unknown, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	seconds := n * unit.Seconds()
	if err != nil || !(seconds >= -slack.Seconds()) || seconds > math.MaxInt32 {
		return 0, fmt.Errorf("%s: %q is not a length of time", column, s)
	}
	return int64(max(seconds, 0)), nil
}
