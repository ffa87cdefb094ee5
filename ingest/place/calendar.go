package place

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Calendar is a week's opening hours in local time.
type Calendar struct {
	// Days is indexed by time.Weekday. The spans of a day are ordered and do not overlap; a day without spans is closed.
	Days [7][]Span
}

// Span is a part of a day, in minutes after local midnight: [Open, Close).
type Span struct{ Open, Close int }

const minutesOfDay = 24 * 60

func (c *Calendar) openAt(local time.Time) bool {
	minute := local.Hour()*60 + local.Minute()
	for _, s := range c.Days[local.Weekday()] {
		if s.Open <= minute && minute < s.Close {
			return true
		}
	}
	return false
}

// String writes the calendar as "mon 07:30-15:30, tue 00:00-24:00", an empty one as "closed", and nil as "always open".
func (c *Calendar) String() string {
	if c == nil {
		return "always open"
	}
	var all []string
	for day, spans := range c.Days {
		for _, s := range spans {
			all = append(all, fmt.Sprintf("%s %02d:%02d-%02d:%02d", weekdays[day], s.Open/60, s.Open%60, s.Close/60, s.Close%60))
		}
	}
	return cmp.Or(strings.Join(all, ", "), "closed")
}

// OpenMinutes counts the open minutes of a day in [from, to).
func (c *Calendar) OpenMinutes(day time.Weekday, from, to int) (open int) {
	for _, s := range c.Days[day] {
		open += max(0, min(s.Close, to)-max(s.Open, from))
	}
	return open
}

// weekdays are their names, by time.Weekday.
var weekdays = [7]string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// DayName is what a places file calls a day of the week, such as "sat".
func DayName(d time.Weekday) string { return weekdays[d] }

// rawHours is one line of a calendar in the file.
type rawHours struct {
	Days  []string `yaml:"days"`
	Hours []string `yaml:"hours"`
}

// newCalendar reads the lines of a calendar; an error begins with the offending key.
func newCalendar(lines []rawHours) (*Calendar, error) {
	c := &Calendar{}
	for i, line := range lines {
		key := fmt.Sprintf("calendar[%d]", i)
		if len(line.Days) == 0 || len(line.Hours) == 0 {
			return nil, fmt.Errorf("%s: days and hours are both required", key)
		}
		for _, name := range line.Days {
			day := slices.Index(weekdays[:], name)
			if day < 0 {
				return nil, fmt.Errorf("%s.days: %q is not a day; use %s", key, name, strings.Join(weekdays[:], ", "))
			}
			for _, hours := range line.Hours {
				s, err := parseSpan(hours)
				if err != nil {
					return nil, fmt.Errorf("%s.hours: %w", key, err)
				}
				c.Days[day] = append(c.Days[day], s)
			}
		}
	}
	for day := range c.Days {
		slices.SortFunc(c.Days[day], func(a, b Span) int { return a.Open - b.Open })
		for i := 1; i < len(c.Days[day]); i++ {
			if c.Days[day][i].Open < c.Days[day][i-1].Close {
				return nil, fmt.Errorf("calendar: the hours of %q overlap", weekdays[day])
			}
		}
	}
	return c, nil
}

func parseSpan(s string) (Span, error) {
	from, to, ok := strings.Cut(s, "-")
	open, okOpen := minuteOfDay(from)
	shut, okClose := minuteOfDay(to)
	if !ok || !okOpen || !okClose || open >= shut {
		return Span{}, fmt.Errorf("%q is not a part of a day such as \"07:30-15:30\"", s)
	}
	return Span{open, shut}, nil
}

// minuteOfDay reads "07:30"; "24:00" is the end of the day.
func minuteOfDay(s string) (int, bool) {
	if len(s) != 5 || s[2] != ':' {
		return 0, false
	}
	h, errH := strconv.ParseUint(s[:2], 10, 8)
	m, errM := strconv.ParseUint(s[3:], 10, 8)
	at := int(h)*60 + int(m)
	return at, errH == nil && errM == nil && m < 60 && at <= minutesOfDay
}
