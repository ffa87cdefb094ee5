// Package source turns queue readings from other sources, lines of a CSV file, into queue.observed events, and files of
// CloudEvents into records.
//
// It promises that every line becomes an event, a duplicate of an earlier line, or an error with the line's number and the
// reason, and that the three add up to the lines; that a line that cannot be read costs no other; that a number that the
// source lacks is unknown, and a zero that it counted is zero; and that reading the same file again gives events with the
// same ids, so that importing it twice counts once. It refuses to guess what a column, a unit or a time zone means: a mapping
// says so. It refuses the whole file where the mapping is for other places than the configured ones.
//
// A reading's time is when it was taken from the source; its age is how old it was at that time.
package source

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/cespare/xxhash/v2"
	"golang.org/x/text/encoding"

	"dwell/ingest/event"
)

// Reader reads one file, line by line. It is not safe for concurrent use.
type Reader struct {
	records records
	mapping Mapping
	at      positions
	voc     *event.Vocabulary
	zone    func(bcp string) *time.Location
	source  []byte
	until   time.Time
	tally   Tally
	series  map[string]*series // by the name of the place in the file
	seen    map[uint64]seen
	flags   map[event.BCP][]flag // of readings, where the file has a column of closings
	event   event.Event
	line    int      // of the event
	unused  []string // columns
}

// ErrNoMapping is the error of a file whose header none of the mappings fits.
var ErrNoMapping = errors.New("no mapping fits")

// seen is what an earlier line said of a place and time: the hash of its figures.
type seen struct {
	figures uint64
	line    int32
}

// NewReader reads the header and takes the mapping that fits it: of several the one that names the most columns, and of
// those the first. Zone is the time zone of a BCP. A reading after until is an error of its line.
func NewReader(r io.Reader, mappings []Mapping, voc *event.Vocabulary, zone func(bcp string) *time.Location, until time.Time) (*Reader, error) {
	if len(mappings) == 0 {
		return nil, errors.New("readings: no mapping is given")
	}
	var enc encoding.Encoding
	if len(mappings) == 1 {
		enc = mappings[0].Encoding
	}
	text, err := plain(r, enc)
	if err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	in := bufio.NewReaderSize(text, maxRecord)
	first, err := firstLine(in)
	if err != nil {
		return nil, fmt.Errorf("readings: header: %w", err)
	}
	f := &csvFile{in, first}
	m, err := choose(mappings, f)
	if err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	if err := m.checkPlaces(voc); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	records, header, err := f.open(m)
	if err != nil {
		return nil, fmt.Errorf("readings: header: %w", err)
	}
	q := &Reader{
		mapping: *m, records: records, voc: voc, zone: zone, until: until, source: []byte(m.Source),
		tally:  newTally("reading"),
		series: map[string]*series{}, seen: map[uint64]seen{}, flags: map[event.BCP][]flag{},
	}
	if q.at, err = m.place(header); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	for i, name := range header {
		if !q.at.has(i) {
			q.unused = append(q.unused, strings.TrimSpace(name))
		}
	}
	return q, nil
}

// Unused returns the names of the columns that the mapping does not name.
func (q *Reader) Unused() []string { return q.unused }

// Line returns the number of the line of the last event.
func (q *Reader) Line() int { return q.line }

// firstLine is the beginning of the file, with the first line that is not empty, or all of the buffer. It is not read.
func firstLine(in *bufio.Reader) ([]byte, error) {
	for {
		head, err := in.Peek(in.Buffered())
		if err == nil && bytes.IndexByte(bytes.TrimLeft(head, "\r\n"), '\n') < 0 {
			if _, err = in.Peek(in.Buffered() + 1); err == nil {
				continue
			}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%q... is longer than %d bytes", head[:40], len(head))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		switch head = bytes.TrimSpace(head); {
		case len(head) == 0:
			return nil, errors.New("the file is empty")
		case head[0] == '{' || head[0] == '[':
			return nil, errors.New("this is JSON, not CSV")
		}
		return head, nil
	}
}

// Mapping returns the mapping in use.
func (q *Reader) Mapping() *Mapping { return &q.mapping }

// Tally returns what the lines have become so far.
func (q *Reader) Tally() *Tally {
	q.tally.Skipped = q.records.passed()
	return &q.tally
}

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

// Events yields the events of each place in the order of its lines. For a line that gives no event it yields a *LineError and
// continues; any other error is of the file itself, and the last. An event is valid until the next one. Where a BCP closes or
// opens from one reading to the next, there is a bcp.closed or bcp.opened behind all readings: which one is the next is known then.
func (q *Reader) Events() iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		for {
			number, fields, err := q.records.next()
			var bad *LineError
			var r reading
			switch {
			case errors.Is(err, io.EOF):
				_ = q.atEnd(yield) && q.changes(yield)
				return
			case errors.As(err, &bad):
			case err != nil:
				_ = q.changes(yield) && yield(nil, fmt.Errorf("readings: %w", err))
				return
			default:
				r, bad = q.read(number, fields)
			}
			q.tally.Lines++
			if bad != nil {
				if !q.refuse(bad, yield) {
					return
				}
				continue
			}
			if !q.place(r, yield) {
				return
			}
		}
	}
}

func (q *Reader) refuse(bad *LineError, yield func(*event.Event, error) bool) bool {
	q.tally.Refused[bad.Reason]++
	return yield(nil, bad)
}

// place gives a reading its instant, and yields it with those of its place that waited for it.
func (q *Reader) place(r reading, yield func(*event.Event, error) bool) bool {
	s := q.series[r.name]
	if s == nil {
		s = &series{}
		q.series[r.name] = s
	}
	for _, r := range s.next(r) {
		if !q.emit(&r, yield) {
			return false
		}
	}
	return true
}

func (q *Reader) atEnd(yield func(*event.Event, error) bool) bool {
	var left []reading
	for _, s := range q.series {
		left = append(left, s.rest()...)
	}
	slices.SortFunc(left, func(a, b reading) int { return a.line - b.line })
	for _, r := range left {
		if !q.emit(&r, yield) {
			return false
		}
	}
	return true
}

// emit yields the event of a reading whose instant is known.
func (q *Reader) emit(r *reading, yield func(*event.Event, error) bool) bool {
	if !r.later.IsZero() {
		return q.refuse(&LineError{r.line, AmbiguousTime, fmt.Sprintf(
			"%s: %q is there twice in %s, where clocks were set back, and the order of the lines does not tell which it is",
			q.mapping.Columns.Time.String(), short(r.text), r.zone)}, yield)
	}
	id := eventID(r.name, r.at)
	key, figures := event.KeyOf(q.source, id, 0), r.figures()
	if before, again := q.seen[key]; again {
		if before.figures == figures {
			q.tally.Duplicates++
			return true
		}
		return q.refuse(&LineError{r.line, ConflictingReading, fmt.Sprintf(
			"line %d has other figures of %q at %s; two readings of one place and time are two queues, or one is wrong",
			before.line, short(r.name), r.at.UTC().Format(time.RFC3339))}, yield)
	}
	q.seen[key] = seen{figures, int32(r.line)}
	q.tally.Taken++
	if q.at.closed >= 0 {
		q.flags[r.bcp] = append(q.flags[r.bcp], flag{at: r.at.UnixMilli(), line: r.line, name: r.name, closed: r.closed})
	}
	q.begin(event.QueueObserved, r.bcp, id, r.at.UnixMilli(), r.line)
	q.event.Direction = q.mapping.Direction
	q.event.Vehicles, q.event.WaitSeconds, q.event.AgeSeconds = r.vehicles, r.wait, r.age
	return yield(&q.event, nil)
}

// wayOutOf says what to do about a text that is no number.
func wayOutOf(s string) string {
	if strings.ContainsFunc(s, unicode.IsDigit) {
		return ""
	}
	return "; a word for unknown belongs in words.unknown"
}

// short is a text as errors show it: what is longer than a screen's line or two is cut.
func short(s string) string {
	const most = 200
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "..."
}

// begin begins the event of a line.
func (q *Reader) begin(t event.Type, bcp event.BCP, id []byte, at int64, line int) {
	q.line = line
	q.event = event.Event{
		Type: t, ID: id, Source: q.source, Subject: []byte(q.voc.BCPName(bcp)), BCP: bcp, Time: at, Recorded: at,
		Observation: event.NoObservation(),
	}
}

// eventID is the id of the reading of a place, as the file names it.
func eventID(name string, at time.Time) []byte {
	return fmt.Appendf(nil, "%s/%s", name, at.UTC().Format(time.RFC3339Nano))
}

// reading is what a line says.
type reading struct {
	line                int
	name                string // of the place, as the file has it
	bcp                 event.BCP
	at, later           time.Time // later, where the local time is there twice and it is not yet known which it is
	zone                *time.Location
	text                string // of the time
	vehicles, wait, age int64
	closed              bool
}

// figures is the hash of what the reading says of its place and time.
func (r *reading) figures() uint64 {
	var b [64]byte
	return xxhash.Sum64(fmt.Appendf(b[:0], "%d %d %d %t", r.vehicles, r.wait, r.age, r.closed))
}

// read reads a line.
func (q *Reader) read(number int, fields []string) (reading, *LineError) {
	column := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(fields[i])
	}
	bad := func(reason event.Reason, column, value, why string) (reading, *LineError) {
		if value == "" {
			return reading{}, &LineError{number, event.MissingField, fmt.Sprintf("%s is empty", column)}
		}
		return reading{}, &LineError{number, reason, fmt.Sprintf("%s: %q %s", column, short(value), why)}
	}
	m, c := &q.mapping, &q.mapping.Columns
	r := reading{line: number, name: m.BCP, vehicles: event.Unknown, wait: event.Unknown, age: event.Unknown}
	if c.BCP != "" {
		r.name = column(q.at.bcp)
	}
	id, known := r.name, true
	if len(m.BCPs) > 0 {
		id, known = m.BCPs[r.name]
	}
	if !known {
		return bad(event.UnknownBCP, c.BCP, r.name, "is not in the mapping's bcps")
	}
	if r.bcp, known = q.voc.BCP([]byte(id)); !known {
		return bad(event.UnknownBCP, c.BCP, id, "is not the id of a configured place; give its id in the mapping's bcps")
	}
	r.text = column(q.at.time[0])
	for _, i := range q.at.time[1:] {
		r.text = strings.TrimSpace(r.text + " " + column(i))
	}
	var err error
	if r.zone = m.TimeZone; r.zone == nil && !m.moments.zoned {
		r.zone = q.zone(id)
	}
	r.at, r.later, err = m.moments.read(r.text, r.zone)
	switch {
	case errors.Is(err, errNoTime):
		return bad(event.InvalidField, c.Time.String(), r.text, m.moments.refusal(m.layout))
	case err == nil && (r.at.UnixMilli() < event.Earliest || r.at.UnixMilli() >= event.Latest):
		return bad(event.InvalidField, c.Time.String(), r.text, "is before 1990, or after 2104")
	case err != nil:
		return bad(event.InvalidField, c.Time.String(), r.text, err.Error())
	case r.at.After(q.until):
		return bad(event.FutureTime, c.Time.String(), r.text, "is in the future")
	}
	missing, ok := m.words.flag(column(q.at.missing))
	if !ok {
		return bad(event.InvalidField, c.Missing, column(q.at.missing), "is no flag; use 0 or 1, or name it in words.yes or words.no")
	}
	if r.closed, ok = m.words.flag(column(q.at.closed)); !ok {
		return bad(event.InvalidField, c.Closed, column(q.at.closed), "is no flag; use 0 or 1, or name it in words.yes or words.no")
	}
	if s := column(q.at.age); !m.words.unknown(s) {
		if r.age, err = m.numbers.seconds(s, m.AgeUnit, m.Slack); err != nil {
			return bad(event.InvalidField, c.Age, s, "is not a length of time"+wayOutOf(s))
		}
	}
	if missing {
		return r, nil
	}
	if s := column(q.at.vehicles); !m.words.unknown(s) {
		if r.vehicles, err = m.numbers.count(s, event.MaxCount); err != nil {
			return bad(event.InvalidField, c.Vehicles, s, "is not a number of vehicles"+wayOutOf(s))
		}
	}
	if s := column(q.at.wait); !m.words.unknown(s) {
		if r.wait, err = m.numbers.seconds(s, m.WaitUnit, 0); err != nil {
			return bad(event.InvalidField, c.Wait, s, "is not a length of time"+wayOutOf(s))
		}
	}
	return r, nil
}
