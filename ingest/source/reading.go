package source

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/agnivade/levenshtein"
	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
)

// reading is what a record says of one queue.
type reading struct {
	line      int
	shape     int    // of the mapping
	name      string // of the place, as the mapping or the file has it
	bcp       event.BCP
	direction event.Direction
	queue     string
	at, later time.Time // later, where the local time is there twice and it is not yet known which it is
	zone      *time.Location
	text      string // of the time
	says      event.Observation
	closed    bool
	bytes     []byte // of the record, valid until the next is read, or for as long as it is held
}

// id is the id of the event: the place as the file names it, and the time. A reading with a direction or a queue has both behind the time, so that no two readings share an id.
func (r *reading) id() []byte {
	id := append(append(make([]byte, 0, len(r.name)+len(r.queue)+40), r.name...), '/')
	id = r.at.UTC().AppendFormat(id, time.RFC3339Nano)
	if r.direction != event.NoDirection || r.queue != "" {
		id = append(append(append(append(id, '/'), r.direction.String()...), '/'), r.queue...)
	}
	return id
}

// series is the key of the readings that follow one another in time.
func (r *reading) series() string {
	if r.direction == event.NoDirection && r.queue == "" {
		return r.name
	}
	return r.name + "\x00" + r.direction.String() + "\x00" + r.queue
}

// what says of what the reading is.
func (r *reading) what() string {
	s := fmt.Sprintf("%q", short(r.name))
	if r.direction != event.NoDirection {
		s += ", " + r.direction.String()
	}
	if r.queue != "" {
		s += fmt.Sprintf(", queue %q", short(r.queue))
	}
	return s
}

// figures is the hash of what the reading says.
func (r *reading) figures() uint64 {
	var b [50]byte
	for i, n := range [...]int64{r.says.Vehicles, r.says.WaitSeconds, r.says.AgeSeconds, r.says.LanesOpen, r.says.ServiceRate} {
		binary.LittleEndian.PutUint64(b[8*i:], uint64(n))
	}
	b[40] = byte(r.says.State)
	if r.closed {
		b[41] = 1
	}
	return xxhash.Sum64(b[:])
}

// read reads what a record says in a shape of the mapping.
func (q *Reader) read(shape, number int, values []string) (reading, *LineError) {
	column := func(i int) string {
		if i < 0 {
			return ""
		}
		return strings.TrimSpace(values[i])
	}
	bad := func(reason event.Reason, column, value, why string) (reading, *LineError) {
		if value == "" {
			return reading{}, &LineError{Line: number, Reason: event.MissingField, Text: fmt.Sprintf("%s is empty", column)}
		}
		return reading{}, &LineError{Line: number, Reason: reason, Text: fmt.Sprintf("%s: %q %s", column, short(value), why)}
	}
	m, s, at := &q.mapping, &q.mapping.shapes[shape], &q.at[shape]
	c := &s.columns
	r := reading{line: number, shape: shape, name: s.bcp, direction: s.direction, queue: s.queue, says: event.NoObservation()}
	if c.BCP != "" {
		r.name = column(at.bcp)
	}
	named := r.name
	var id, why string
	if r.name, id, r.bcp, why = m.bcpOf(q.voc, named); why != "" {
		return bad(event.UnknownBCP, c.BCP, named, why)
	}
	if c.Queue != "" {
		if r.queue = column(at.queue); !isName(r.queue) {
			return bad(event.InvalidField, c.Queue, r.queue, badName)
		}
	}
	var ok bool
	if c.Direction != "" {
		if r.direction, ok = m.words.direction(column(at.direction)); !ok {
			return bad(event.InvalidField, c.Direction, column(at.direction), "is not a direction; name it in words.inbound or words.outbound")
		}
	}
	r.text, r.zone = m.joined(at.time, column), m.zoneOf(id, q.zone)
	if r.at, r.later, why = m.instant(r.text, len(at.time), r.zone); why != "" {
		if half := c.halfEmpty(at.time, column); half != "" {
			return reading{}, &LineError{Line: number, Reason: event.MissingField, Text: half}
		}
		return bad(event.InvalidField, c.Time.String(), r.text, why)
	}
	if r.at.After(q.until) {
		return bad(event.FutureTime, c.Time.String(), r.text, "is in the future")
	}
	missing, ok := m.words.flag(column(at.missing))
	if !ok {
		return bad(event.InvalidField, c.Missing, column(at.missing), "is no flag; use 0 or 1, or name it in words.yes or words.no")
	}
	if r.closed, ok = m.words.flag(column(at.closed)); !ok {
		return bad(event.InvalidField, c.Closed, column(at.closed), "is no flag; use 0 or 1, or name it in words.yes or words.no")
	}
	if r.says.State, ok = m.words.state(column(at.state)); !ok {
		return bad(event.InvalidField, c.State, column(at.state), "is no state; name it in words.open, paused, closed or unknown")
	}
	var err error
	signs := func(at int, of lengths) (*numbers, lengths) {
		if row, ok := q.records.(*sheetRows); ok {
			return row.figures(at, &m.numbers, of)
		}
		return &m.numbers, of
	}
	if s := column(at.age); !m.words.unknown(s) {
		n, of := signs(at.age, m.age)
		if r.says.AgeSeconds, err = n.seconds(s, of, m.Slack); err != nil {
			return bad(event.InvalidField, c.Age, s, "is not a length of time"+m.age.wayOutOf(s, "age_unit", &m.numbers))
		}
	}
	if missing {
		return r, nil
	}
	if s := column(at.vehicles); !m.words.unknown(s) {
		n, _ := signs(at.vehicles, lengths{})
		if r.says.Vehicles, err = n.count(s, event.MaxCount); err != nil {
			return bad(event.InvalidField, c.Vehicles, s, "is not a number of vehicles"+m.numbers.wayOutOf(s))
		}
	}
	if s := column(at.wait); !m.words.unknown(s) {
		wait := q.mapping.shapes[shape].wait
		if c.WaitUnit != "" {
			wait = m.waitUnits[folded(column(at.waitUnit))]
		}
		n, of := signs(at.wait, wait)
		if _, iso := isoSeconds(s); of == (lengths{}) && !iso {
			return bad(event.InvalidField, c.WaitUnit, column(at.waitUnit), "is not in wait_units; say there what it means"+exampleOf(column(at.waitUnit)))
		}
		if r.says.WaitSeconds, err = n.seconds(s, of, 0); err != nil {
			return bad(event.InvalidField, c.Wait, s, "is not a length of time"+wait.wayOutOf(s, "wait_unit", &m.numbers))
		}
		q.long.add(number, r.says.WaitSeconds, s)
	}
	if s := column(at.lanes); !m.words.unknown(s) {
		n, _ := signs(at.lanes, lengths{})
		if r.says.LanesOpen, err = n.count(s, event.MaxCount); err != nil {
			return bad(event.InvalidField, c.LanesOpen, s, "is not a number of lanes"+m.numbers.wayOutOf(s))
		}
	}
	if s := column(at.rate); !m.words.unknown(s) {
		n, _ := signs(at.rate, lengths{})
		if r.says.ServiceRate, err = n.rate(s, m.rate); err != nil {
			return bad(event.InvalidField, c.ServiceRate, s, "is not a service rate"+m.numbers.wayOutOf(s))
		}
	}
	return r, nil
}

// joined is the text of a time, which may be in several columns.
func (m *Mapping) joined(at []int, column func(int) string) string {
	text := column(at[0])
	for _, i := range at[1:] {
		text = strings.TrimSpace(text + " " + column(i))
	}
	return text
}

// zoneOf is the zone of times of the BCP with this id.
func (m *Mapping) zoneOf(id string, ofPlace func(bcp string) *time.Location) *time.Location {
	if m.TimeZone == nil && !m.moments.zoned {
		return ofPlace(id)
	}
	return m.TimeZone
}

// instant reads the text of a time, which so many columns have; why says what is wrong with it. Later is the second instant of a local time that is there twice.
func (m *Mapping) instant(text string, columns int, zone *time.Location) (at, later time.Time, why string) {
	at, later, err := m.moments.read(text, columns, zone)
	switch {
	case errors.Is(err, errNoTime):
		why = m.moments.refusal(text, m.layout)
	case err != nil:
		why = err.Error()
	case at.UnixMilli() < event.Earliest || at.UnixMilli() >= event.Latest:
		why = "is before 1990, or after 2104" + m.moments.readAs(text, m.layout)
	}
	return at, later, why
}

// bcpOf finds a BCP by its text in the file: its name as the mapping writes it, its id and its code; why says why there is none.
func (m *Mapping) bcpOf(voc *event.Vocabulary, text string) (name, id string, bcp event.BCP, why string) {
	name, id = text, text
	if len(m.BCPs) > 0 {
		var named bool
		if name, id, named = m.bcp(text); !named {
			return "", "", event.NoBCP, "is not in the mapping's bcps" + m.nearestBCP(text)
		}
	}
	bcp, known := voc.BCP([]byte(id))
	switch {
	case !known && id != text:
		why = fmt.Sprintf("is %q in the mapping's bcps, which is not the id of a configured place: %s", id, voc.KnownBCPs())
	case !known:
		why = fmt.Sprintf("is not the id of a configured place (%s); give its id in the mapping's bcps", voc.KnownBCPs())
	}
	return name, id, bcp, why
}

// bcp finds the id of a BCP by its name in the file, in any case; name is as the mapping writes it.
func (m *Mapping) bcp(text string) (name, id string, known bool) {
	if id, known = m.BCPs[text]; known {
		return text, id, true
	}
	if name, known = m.bcpNamed[folded(text)]; known {
		return name, m.BCPs[name], true
	}
	return text, "", false
}

func (m *Mapping) nearestBCP(text string) string {
	const most = 100 // the distance takes time by the square of the length
	best, least := "", len(text)/3+2
	if len(text) > most {
		return ""
	}
	for key, name := range m.bcpNamed {
		d := levenshtein.ComputeDistance(key, folded(text))
		if len(name) <= most && (d < least || d == least && name < best) {
			best, least = name, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (the nearest is %q)", best)
}

// wayOutOf says what to do about a text that is no length of time.
func (l *lengths) wayOutOf(s, key string, f *numbers) string {
	switch isClock := strings.Contains(s, ":"); {
	case isClock && !l.clock:
		return fmt.Sprintf("; for hours and minutes, say %s: %s", key, clockUnit)
	case l.clock && strings.ContainsFunc(s, unicode.IsDigit):
		return fmt.Sprintf(" such as 1:30 (%s: %s)", key, clockUnit)
	}
	return f.wayOutOf(s)
}
