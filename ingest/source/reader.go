// Package source turns queue readings and events of other shapes into events, and files of CloudEvents into records. They are
// lines of CSV or JSON, objects of a JSON document, rows of an XLSX sheet, elements of XML, or messages of a topic (messages.go); each form
// gives records with named values (records.go), and one mapping says what they mean: readings (shape.go), or events (eventshape.go).
//
// It promises that every line becomes an event, a duplicate of an earlier line, or an error with the line's number and the
// reason, and that the three add up to the lines; that a line that cannot be read costs no other; that a number that the
// source lacks is unknown, and a zero that it counted is zero; and that reading the same file again gives events with the
// same ids, so that importing it twice counts once. It refuses to guess what a column, a unit or a time zone means: a mapping
// says so. It refuses the whole file where the mapping is for other places than the configured ones. Whatever the file, a record takes
// bounded memory; an XLSX file is in memory as a whole, and bounded.
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
	"math"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/encoding"

	"dwell/ingest/event"
)

// Reader reads one file, record by record. It is not safe for concurrent use.
type Reader struct {
	records records
	mapping Mapping
	at      []positions // of each shape of the mapping
	voc     *event.Vocabulary
	zone    func(bcp string) *time.Location
	source  []byte
	until   time.Time
	tally   Tally
	series  map[string]*series // by place, direction and queue
	seen    map[uint64]seen
	event   event.Event
	events  *translator // of a mapping of events
	order   *ordered    // nil unless its mapping says that lines are in order
	running *running    // of a mapping of events
	line    int         // of the event
	unused  []string    // columns
	absent  []string    // columns of the mapping
	over    passedOver
	long    longWaits
	sheets  string
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
	f, err := openFile(r, enc)
	if err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	m, err := choose(mappings, f)
	if err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	if err := m.checkPlaces(voc); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	offered, err := f.names(m)
	if err != nil {
		return nil, fmt.Errorf("readings: header: %w", err)
	}
	units := []string(nil)
	if len(m.lengths()) > 0 {
		units = f.units(m)
	}
	records, header, err := f.open(m)
	if err != nil {
		return nil, fmt.Errorf("readings: header: %w", err)
	}
	q := &Reader{
		mapping: *m, records: records, voc: voc, zone: zone, until: until, source: []byte(m.Source),
		tally:  newTally("reading"),
		series: map[string]*series{}, seen: map[uint64]seen{},
	}
	if q.at, err = m.place(header); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	if m.OfEvents() {
		q.events = &translator{mapping: &q.mapping, at: q.at, voc: voc, zone: zone, decoder: event.NewDecoder(voc, MaxSkew), ofFile: true}
		if m.inOrder {
			q.order = &ordered{translator: *q.events, last: math.MinInt64}
			q.order.decoder = event.NewDecoder(voc, MaxSkew)
		}
		q.tally.what = "event"
		q.running = newRunning(q.at, header)
	}
	q.tally.unit = f.unit()
	if book, ok := f.(*sheetFile); ok {
		q.sheets = book.sheets()
	}
	named := m.names()
	for _, name := range named {
		if !slices.ContainsFunc(offered, func(n string) bool { return sameName(n, name) }) {
			q.absent = append(q.absent, name)
		}
	}
	for _, name := range offered {
		if !slices.ContainsFunc(named, func(n string) bool { return sameName(n, name) }) {
			q.unused = append(q.unused, strings.TrimSpace(name))
		}
	}
	_, nested := f.(*treeFile)
	if err := m.checkUnits(q.unused, units, nested); err != nil {
		return nil, fmt.Errorf("readings: %w", err)
	}
	return q, nil
}

// Absent returns the names of the mapping that no value of JSON or XML has had so far: before the records are read, of the first ones, and
// then of all.
func (q *Reader) Absent() (names []string) {
	r, ok := q.records.(*treeRecords)
	for _, name := range q.absent {
		if i := slices.Index(q.mapping.names(), name); !ok || !r.had[i] {
			names = append(names, name)
		}
	}
	return names
}

// Unused returns the names of the columns that the mapping does not name.
func (q *Reader) Unused() []string { return q.unused }

// Sheets says which sheet of an XLSX file is read, and which are not. It is empty for a file of one sheet.
func (q *Reader) Sheets() string { return q.sheets }

// Line returns the number of the line of the last event.
func (q *Reader) Line() int { return q.line }

// Unit returns what a line of the file is called, as of LineError.
func (q *Reader) Unit() string { return q.tally.unit }

// firstLine is the beginning of the file, with the first line that is not empty, or all of the buffer. It is not read.
func firstLine(in *bufio.Reader) ([]byte, error) {
	for {
		head, err := in.Peek(in.Buffered())
		if err == nil && bytes.IndexByte(bytes.TrimLeft(head, "\r\n"), '\n') < 0 {
			if len(head) > maxRecord {
				err = bufio.ErrBufferFull
			} else if _, err = in.Peek(in.Buffered() + 1); err == nil {
				continue
			}
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			return nil, fmt.Errorf("%q... is longer than %d bytes", head[:40], len(head))
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		return bytes.TrimSpace(head), nil
	}
}

// Mapping returns the mapping in use.
func (q *Reader) Mapping() *Mapping { return &q.mapping }

// Tally returns what the lines have become so far.
func (q *Reader) Tally() *Tally {
	q.tally.Skipped = q.records.passed()
	return &q.tally
}

// Lines yields the reading of each line, those of each place in the order of its lines. For a line that gives none it yields a *LineError
// and continues; any other error is of the file itself, and the last.
func (q *Reader) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		for {
			number, values, err := q.records.next()
			var bad *LineError
			switch {
			case errors.Is(err, io.EOF):
				q.atEnd(yield)
				return
			case errors.As(err, &bad) && values != nil && q.events == nil:
				if !q.take(number, values, yield) {
					return
				}
			case errors.As(err, &bad) && values != nil && q.passesOver(values):
			case errors.As(err, &bad):
				q.tally.Lines++
				bad.Bytes = q.records.raw()
				if !q.refuse(bad, yield) {
					return
				}
			case err != nil:
				_ = q.atEnd(yield) && yield(Line{}, fmt.Errorf("readings: %w", err))
				return
			default:
				take := q.take
				if q.events != nil {
					take = q.takeEvents
				}
				if !take(number, values, yield) {
					return
				}
			}
		}
	}
}

// passesOver reports whether only and except select a record for none of the shapes, and counts it then.
func (q *Reader) passesOver(values []string) bool {
	for i := range q.at {
		if q.mapping.selected(i, &q.at[i], values) {
			return false
		}
	}
	if q.mapping.newType(0, q.at, values) != nil {
		return false
	}
	q.tally.Unselected++
	if q.events == nil {
		q.tally.Unselected += int64(len(q.at)) - 1
	}
	q.over.add(&q.mapping, q.at, values)
	return true
}

// take gives each shape of the mapping its reading of a record.
func (q *Reader) take(number int, values []string, yield func(Line, error) bool) bool {
	selected := 0
	for i := range q.at {
		if !q.mapping.selected(i, &q.at[i], values) {
			q.tally.Unselected++
			continue
		}
		selected++
		q.tally.Lines++
		r, bad := reading{}, q.withoutValue(i)
		if bad == nil {
			r, bad = q.read(i, number, values)
		}
		r.bytes = q.records.raw()
		if bad != nil {
			bad.Bytes = r.bytes
		}
		if bad != nil && !q.refuse(bad, yield) || bad == nil && !q.place(r, yield) {
			return false
		}
	}
	if selected == 0 {
		q.over.add(&q.mapping, q.at, values)
	} else if selected < len(q.at) {
		q.over.addNew(&q.mapping, q.at, values)
	}
	return true
}

// withoutValue says which cell of a row has no value, of those that a shape of the mapping names.
func (q *Reader) withoutValue(shape int) *LineError {
	row, ok := q.records.(*sheetRows)
	if !ok || len(row.faults) == 0 {
		return nil
	}
	for _, at := range q.at[shape].ofReading() {
		if bad := row.faultOf(at); bad != nil {
			return bad
		}
	}
	return nil
}

// errStopped says that nobody wants more lines.
var errStopped = errors.New("stopped")

// takeEvents gives each shape of the mapping its event of a record.
func (q *Reader) takeEvents(number int, values []string, yield func(Line, error) bool) bool {
	q.running.add(number, values)
	selected, err := q.events.record(number, values, "", q.now(), func(l Line, err error) error {
		var again *twice
		switch {
		case errors.As(err, &again):
			again.bytes = bytes.Clone(q.records.raw())
			q.order.held = append(q.order.held, again)
			if len(q.order.held) > maxHeld && !q.release(q.order.last, yield) {
				return errStopped
			}
			return nil
		case err == nil && q.order != nil && !q.release(l.Event.Time, yield), !q.takeEvent(l, q.records.raw(), err, yield):
			return errStopped
		}
		return nil
	})
	if selected == 0 {
		q.tally.Unselected++
		q.over.add(&q.mapping, q.at, values)
	}
	return err == nil
}

// now is the latest time that a record may have, in Unix milliseconds.
func (q *Reader) now() int64 { return q.until.Add(-MaxSkew).UnixMilli() }

// release takes the events that waited for the next one, which happened at after.
func (q *Reader) release(after int64, yield func(Line, error) bool) bool {
	return q.order.release(after, q.now(), func(l Line, bytes []byte, err error) bool { return q.takeEvent(l, bytes, err, yield) })
}

// takeEvent yields an event, or why a record gives none.
func (q *Reader) takeEvent(l Line, bytes []byte, err error, yield func(Line, error) bool) bool {
	q.tally.Lines++
	var bad *LineError
	switch {
	case errors.As(err, &bad):
		bad.Bytes = bytes
		return q.refuse(bad, yield)
	case err != nil:
		return yield(Line{}, err)
	}
	q.tally.Taken++
	q.line = l.Number
	return yield(l, nil)
}

func (q *Reader) refuse(bad *LineError, yield func(Line, error) bool) bool {
	q.tally.Refused[bad.Reason]++
	bad.Unit = q.tally.unit
	bad.Bytes = bytes.TrimRight(bad.Bytes, "\r\n")
	return yield(Line{}, bad)
}

// place gives a reading its instant, and yields it with those of its place that waited for it.
func (q *Reader) place(r reading, yield func(Line, error) bool) bool {
	key := r.series()
	s := q.series[key]
	if s == nil {
		s = &series{}
		q.series[key] = s
	}
	for _, r := range s.next(r) {
		if !q.emit(&r, yield) {
			return false
		}
	}
	return true
}

// atEnd yields what still waits for the next reading of its place, or the next event.
func (q *Reader) atEnd(yield func(Line, error) bool) bool {
	if q.order != nil {
		return q.release(math.MaxInt64, yield)
	}
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
func (q *Reader) emit(r *reading, yield func(Line, error) bool) bool {
	if !r.later.IsZero() {
		return q.refuse(&LineError{Line: r.line, Reason: AmbiguousTime, Bytes: r.bytes, Text: fmt.Sprintf(
			"%s: %q is there twice in %s, where clocks were set back, and the order of the lines does not tell which it is",
			q.mapping.shapes[r.shape].columns.Time.String(), short(r.text), r.zone)}, yield)
	}
	id := r.id()
	key, figures := event.KeyOf(q.source, id, 0), r.figures()
	if before, again := q.seen[key]; again {
		if before.figures == figures {
			q.tally.Duplicates++
			return true
		}
		return q.refuse(&LineError{Line: r.line, Reason: ConflictingReading, Bytes: r.bytes, Text: fmt.Sprintf(
			"line %d has other figures of %s at %s; two readings of one place and time are two queues (columns.queue), or one is wrong",
			before.line, r.what(), r.at.UTC().Format(time.RFC3339))}, yield)
	}
	q.seen[key] = seen{figures, int32(r.line)}
	q.tally.Taken++
	q.begin(event.QueueObserved, r.bcp, id, r.at.UnixMilli(), r.line)
	q.event.Direction, q.event.Queue, q.event.Observation = r.direction, []byte(r.queue), r.says
	l := Line{Number: r.line, Event: &q.event, Recorded: q.event.Recorded}
	if q.at[r.shape].closed >= 0 {
		l.Closed = flagOf(r.closed)
	}
	return yield(l, nil)
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
