package source

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"dwell/ingest/event"
)

// A line of a book has its day once, and a time of day for each of its events: [day, came], [day, went]. The day is filled from the beginning, so
// that an empty time of day says that the truck is still inside.

// shareDays finds which columns of the times of events are those of a day that other events of the record have, too.
func (m *Mapping) shareDays() {
	isOf := func(all names, name string) bool {
		return slices.ContainsFunc(all, func(n string) bool { return sameName(n, name) })
	}
	for i := range m.shapes {
		s := &m.shapes[i]
		s.arrival = -1
		s.ofDay = make([]bool, len(s.columns.Time))
		for k := range m.shapes {
			other := &m.shapes[k]
			if k == i || slices.EqualFunc(s.columns.Time, other.columns.Time, sameName) {
				continue
			}
			for c, name := range s.columns.Time {
				if isOf(other.columns.Time, name) {
					s.ofDay[c] = true
					if other.values[ofType] == event.TruckArrived.String() {
						s.arrival = k
					}
				}
			}
		}
		if !slices.Contains(s.ofDay, false) {
			s.ofDay, s.arrival = make([]bool, len(s.columns.Time)), -1
		}
	}
}

// hasNoTime reports whether a record has nothing in the columns of a time that are not those of a day of several events.
func (s *shape) hasNoTime(at []int, column func(int) string) bool {
	for i := range at {
		if !s.ofDay[i] && column(at[i]) != "" {
			return false
		}
	}
	return true
}

// ownTimes are the columns of a time but for that of a day of several events.
func (s *shape) ownTimes() (all names) {
	for i, name := range s.columns.Time {
		if !s.ofDay[i] {
			all = append(all, name)
		}
	}
	return all
}

// halfEmpty says which column of a time is empty beside which other one; empty if none is.
func (c *Columns) halfEmpty(at []int, column func(int) string) string {
	empty := slices.IndexFunc(at, func(i int) bool { return column(i) == "" })
	filled := slices.IndexFunc(at, func(i int) bool { return column(i) != "" })
	if empty < 0 || filled < 0 {
		return ""
	}
	return fmt.Sprintf("%s is empty beside %s, %q", c.Time[empty], c.Time[filled], short(column(at[filled])))
}

// beforeArrival says that a time of day lies before that of the arrival in the same line, as where it is one of the next day; empty if it does not.
func (t *translator) beforeArrival(s *shape, when time.Time, text string, zone *time.Location, column func(int) string) string {
	if s.arrival < 0 {
		return ""
	}
	arrival, at := &t.mapping.shapes[s.arrival], t.at[s.arrival].time
	if arrival.hasNoTime(at, column) {
		return ""
	}
	came := t.mapping.joined(at, column)
	arrived, _, why := t.mapping.instant(came, len(at), zone)
	if why != "" || !when.Before(arrived) {
		return ""
	}
	return fmt.Sprintf("%s: %q is before the arrival of the same line, %q; if it is of the next day, the line needs its date", s.columns.Time, short(text), short(came))
}

// endOfDay is a text that has 00:00 instead of 24:00, which is the end of a day.
func endOfDay(text string) (string, bool) {
	at := midnight.FindStringSubmatchIndex(text)
	if at == nil {
		return text, false
	}
	return text[:at[2]] + "00" + text[at[3]:], true
}

var midnight = regexp.MustCompile(`(?:^|[ T])(24):00(?::00)?(?:$|[^0-9:.])`)

// parse is the time of a text in the layout.
func (m *moments) parse(text string) (time.Time, error) {
	at, err := time.Parse(m.layout, text)
	if err == nil {
		return at, nil
	}
	if begin, ends := endOfDay(strings.TrimSpace(text)); ends {
		if at, err = time.Parse(m.layout, begin); err == nil {
			return at.AddDate(0, 0, 1), nil
		}
	}
	return at, errNoTime
}
