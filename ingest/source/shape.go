package source

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dwell/ingest/event"
)

// shape is one reading or event of a record.
type shape struct {
	columns    Columns
	bcp, queue string // of a reading without a column of them
	direction  event.Direction
	wait       lengths // the zero one is that of the mapping
	filters    []filter
	ofEvent    bool
	values     [eventFields]string // of an event
	ofDay      []bool              // the columns of its time that are those of a day which other events have, too
	arrival    int                 // the shape of the arrival on that day; -1 without one
}

// filter says which values a column must have, or must not have.
type filter struct {
	column string
	values names
	not    bool
	ofType bool // the column is one of the types of events
}

func (f *filter) passes(value string) bool { return isOf(f.values, value) != f.not }

func filters(only, except map[string]names) (all []filter) {
	for _, column := range slices.Sorted(maps.Keys(only)) {
		all = append(all, filter{column: column, values: only[column]})
	}
	for _, column := range slices.Sorted(maps.Keys(except)) {
		all = append(all, filter{column: column, values: except[column], not: true})
	}
	return all
}

// shape makes the shapes of the readings of a record: one, or one for each of readings.
func (raw *Description) shape(m *Mapping, fault func(key, value, wants string)) {
	if len(raw.Events) > 0 {
		raw.eventShapes(m, fault)
		return
	}
	for key := range raw.Codes {
		fault("codes", key, cmp.Or(belongs(key), "is of events, and the mapping is of readings; say in events which ones a record has"))
	}
	all := Reading{raw.Columns, raw.BCP, raw.Queue, raw.Direction, "", raw.Only, raw.Except}
	if len(raw.Readings) == 0 {
		all.shape("", Reading{}, m, fault)
	}
	for i, r := range raw.Readings {
		r.shape(fmt.Sprintf("readings[%d].", i), all, m, fault)
	}
	if len(raw.Readings) > maxReadings {
		fault("readings", fmt.Sprint(len(raw.Readings)), fmt.Sprintf("is more than %d", maxReadings))
	}
}

// maxReadings bounds the readings of a record.
const maxReadings = 100

// shape is that of a reading, which takes what it does not name from all.
func (r Reading) shape(key string, all Reading, m *Mapping, fault func(key, value, wants string)) {
	s := shape{
		columns: r.Columns.over(&all.Columns), bcp: r.BCP, queue: r.Queue,
		filters: append(filters(all.Only, all.Except), filters(r.Only, r.Except)...),
	}
	if s.bcp == "" && r.Columns.BCP == "" {
		s.bcp = all.BCP
	}
	if s.queue == "" && r.Columns.Queue == "" {
		s.queue = all.Queue
	}
	direction := r.Direction
	if direction == "" && r.Columns.Direction == "" {
		direction = all.Direction
	}
	// A constant of the reading goes over a column of all; beside one of its own it is a contradiction.
	for _, c := range []struct {
		key, constant string
		own           bool
		column        *string
	}{
		{"bcp", s.bcp, r.BCP == "" || r.Columns.BCP != "", &s.columns.BCP},
		{"queue", s.queue, r.Queue == "" || r.Columns.Queue != "", &s.columns.Queue},
		{"direction", direction, r.Direction == "" || r.Columns.Direction != "", &s.columns.Direction},
	} {
		switch {
		case c.constant == "" || *c.column == "":
		case c.own:
			fault(key+c.key, c.constant, "is given beside columns."+c.key+"; one of them is enough")
		default:
			*c.column = ""
		}
	}
	c := &s.columns
	if len(c.Time) == 0 || slices.Contains(c.Time, "") {
		fault(key+"columns.time", "", "is empty")
	}
	switch {
	case c.BCP == "" && s.bcp == "":
		fault(key+"columns.bcp", "", "is empty; name the column, or for a file of one BCP its id in bcp")
	case s.bcp != "" && len(m.BCPs) > 0:
		fault(key+"bcps", s.bcp, "is given in bcp; then no names are needed")
	}
	if c.Vehicles == "" && c.Wait == "" && c.LanesOpen == "" && c.ServiceRate == "" && c.State == "" {
		fault(key+"columns.vehicles", "", "is empty, and so are columns.wait, lanes_open, service_rate and state")
	}
	if c.WaitUnit != "" && c.Wait == "" {
		fault(key+"columns.wait_unit", c.WaitUnit, "is there without columns.wait")
	}
	if r.WaitUnit != "" {
		if c.WaitUnit = ""; r.Columns.WaitUnit != "" {
			fault(key+"wait_unit", r.WaitUnit, "is given beside columns.wait_unit; one of them is enough")
		}
		var err error
		if s.wait, err = parseUnit(r.WaitUnit); err != nil {
			fault(key+"wait_unit", r.WaitUnit, err.Error())
		}
		if c.Wait == "" {
			fault(key+"wait_unit", r.WaitUnit, "is there without columns.wait")
		}
	}
	if !isName(s.queue) {
		fault(key+"queue", s.queue, badName)
	}
	if direction != "" {
		var ok bool
		if s.direction, ok = event.ParseDirection([]byte(direction)); !ok {
			fault(key+"direction", direction, "is not supported; use inbound or outbound")
		}
	}
	for f := range eventFields {
		if name := c.of(eventKeys[f]); name != "" && f != ofBCP && f != ofDirection {
			fault(key+"columns."+eventKeys[f], name, "is of events; say in events which ones a record has")
		}
	}
	s.checkFilters(key, fault)
	m.shapes = append(m.shapes, s)
}

func (s *shape) checkFilters(key string, fault func(key, value, wants string)) {
	for _, f := range s.filters {
		if f.column == "" || len(f.values) == 0 {
			fault(key+"only", f.column, "names no column, or no value of it; the same holds for except")
		}
	}
}

// names are the names of the columns, each once.
func (m *Mapping) names() (all []string) {
	add := func(name string) {
		if name != "" && !slices.ContainsFunc(all, func(n string) bool { return sameName(n, name) }) {
			all = append(all, name)
		}
	}
	for i := range m.shapes {
		s := &m.shapes[i]
		for _, name := range slices.Concat(s.columns.Time, names(s.columns.Subject)) {
			add(name)
		}
		s.columns.each(func(_ string, name *string) { add(*name) })
		for _, f := range s.filters {
			add(f.column)
		}
	}
	return all
}

// filtered are the names of the columns of only and except.
func (m *Mapping) filtered() (all []string) {
	for i := range m.shapes {
		for _, f := range m.shapes[i].filters {
			all = append(all, f.column)
		}
	}
	return all
}

// positions has the index of each column of a shape in the header of a file; -1 where it names no column.
type positions struct {
	bcp, direction, queue, vehicles, wait, age, lanes, rate, state, missing, closed, waitUnit int
	time, subject                                                                             []int
	filters                                                                                   []int
	fields                                                                                    [eventFields]int // of events
}

// ofReading are the indexes of the columns of a reading.
func (p *positions) ofReading() []int {
	all := append([]int{p.bcp, p.direction, p.queue, p.vehicles, p.wait, p.waitUnit, p.age, p.lanes, p.rate, p.state, p.missing, p.closed}, p.time...)
	return slices.DeleteFunc(all, func(at int) bool { return at < 0 })
}

// place finds every column that the mapping names, for each of its shapes. The error names all that are missing.
func (m *Mapping) place(header []string) (all []positions, err error) {
	var faults []string
	find := func(name string) int {
		if name == "" {
			return -1
		}
		i, err := columnAt(header, name, m.skip)
		if err != nil && !slices.Contains(faults, err.Error()) {
			faults = append(faults, err.Error())
		}
		return i
	}
	for i := range m.shapes {
		s := &m.shapes[i]
		c := &s.columns
		at := positions{bcp: find(c.BCP)}
		for _, name := range c.Time {
			at.time = append(at.time, find(name))
		}
		at.direction, at.queue, at.vehicles, at.wait, at.age = find(c.Direction), find(c.Queue), find(c.Vehicles), find(c.Wait), find(c.Age)
		at.lanes, at.rate, at.state = find(c.LanesOpen), find(c.ServiceRate), find(c.State)
		at.missing, at.closed, at.waitUnit = find(c.Missing), find(c.Closed), find(c.WaitUnit)
		for _, name := range c.Subject {
			at.subject = append(at.subject, find(name))
		}
		for f := range eventFields {
			at.fields[f] = -1
			if f != ofSubject {
				at.fields[f] = find(c.of(eventKeys[f]))
			}
		}
		for _, f := range s.filters {
			at.filters = append(at.filters, find(f.column))
		}
		all = append(all, at)
	}
	if len(faults) > 0 {
		return all, errors.New(strings.Join(faults, ", "))
	}
	return all, nil
}

// selected reports whether only and except of a shape let a record pass.
func (m *Mapping) selected(shape int, at *positions, values []string) bool {
	return m.refusing(shape, at, values) < 0
}

// refusing is the index of the first filter of a shape that does not let a record pass; -1 if all do.
func (m *Mapping) refusing(shape int, at *positions, values []string) int {
	for i, column := range at.filters {
		if !m.shapes[shape].filters[i].passes(strings.TrimSpace(values[column])) {
			return i
		}
	}
	return -1
}
