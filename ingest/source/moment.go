package source

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/ncruces/go-strftime"
	"github.com/xuri/excelize/v2"

	"dwell/ingest/event"
)

// moments reads the times of a file.
type moments struct {
	layout string        // Go's
	unit   time.Duration // of one, where times are numbers since 1970
	zoned  bool          // each time has its offset
	excel  bool          // times are days as cells of a sheet have them, or a day and a time of day
	// from1904 says of a workbook that its first day is in 1904, as on old computers of Apple.
	from1904 bool
}

var errNoTime = errors.New("no time")

// parseLayout reads a layout: Go's, that of strftime, epoch_s, epoch_ms or excel.
func parseLayout(s string) (moments, error) {
	switch s {
	case "":
		return moments{layout: time.RFC3339, zoned: true}, nil
	case "epoch_s":
		return moments{unit: time.Second, zoned: true}, nil
	case "epoch_ms":
		return moments{unit: time.Millisecond, zoned: true}, nil
	case excelLayout:
		return moments{excel: true}, nil
	}
	if strings.Contains(s, "%") {
		// Programs and spreadsheets write 7/4/2026 as well as 07/04/2026, and strptime reads both.
		layout, err := strftime.Layout(strings.NewReplacer("%m", "%-m", "%d", "%-d", "%I", "%-I", "%e", "%-d").Replace(s))
		if err != nil {
			return moments{}, err
		}
		s = layout
	}
	if strings.Contains(s, "MST") {
		return moments{}, errors.New("has the abbreviation of a zone, which names no offset; cut it off, and say time_zone")
	}
	for _, at := range []time.Time{time.Date(2001, 2, 3, 4, 5, 0, 0, time.UTC), time.Date(2012, 11, 23, 16, 45, 0, 0, time.UTC)} {
		if again, err := time.Parse(s, at.Format(s)); err != nil || !again.Equal(at) {
			return moments{}, errors.New(`says no date and time of day; write it as "2006-01-02 15:04", "%d.%m.%Y %H:%M", epoch_s or epoch_ms`)
		}
	}
	return moments{layout: s, zoned: strings.Contains(s, "Z07") || strings.Contains(s, "-07")}, nil
}

// excelLayout is the layout of cells that have a date.
const excelLayout = "excel"

// wall is the date and time of day, as UTC, of so many cells: a date and a time of day in one, or the date in the first, and the time of day,
// which is less than a day, in the others.
func (m *moments) wall(text string, cells int) (time.Time, error) {
	parts := strings.Fields(text)
	if len(parts) < cells {
		return time.Time{}, errNoTime
	}
	date, clock := 0.0, 0.0
	for i, part := range parts {
		n, err := strconv.ParseFloat(part, 64)
		switch {
		case i > 0 && (err != nil || !(n >= 0 && clock+n < 1)):
			return time.Time{}, fmt.Errorf("has %q instead of a time of day, which is a number from 0 to less than 1 in a cell of a sheet; "+
				`give the cells the format of a time, or save the sheet as CSV and say a time_layout such as "%%d.%%m.%%Y %%H"`, short(part))
		case err != nil || !(n >= 0 && n < 100_000):
			return time.Time{}, errNoTime
		case i == 0:
			date = n
		case date != math.Trunc(date):
			return time.Time{}, errors.New("has two times of day, as its date has one, too; name the column of the date alone")
		default:
			clock += n
		}
	}
	at, err := excelize.ExcelDateToTime(date+clock, m.from1904)
	if err != nil {
		return time.Time{}, errNoTime
	}
	return at.Round(time.Second), nil
}

// refusal says what a text is not that is no time; layout is as it was written.
func (m *moments) refusal(text, layout string) string {
	for _, local := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04:05", "2006-01-02 15:04"} {
		if _, err := time.Parse(local, western(text)); err == nil && m.layout == time.RFC3339 {
			return fmt.Sprintf("is a time without its offset from UTC; say time_layout: %q, and in time_zone the zone of its clocks", local)
		}
	}
	if m.layout == time.RFC3339 {
		return `is not a time such as "2026-07-01T08:00:00+02:00"; say time_layout, and time_zone`
	}
	if m.excel {
		return "is not the date of a cell (time_layout: excel)"
	}
	return fmt.Sprintf("is not a time of the layout %q (time_layout)", layout)
}

// readAs says by which layout a number is too early or too late, and which other one would fit.
func (m *moments) readAs(text, layout string) string {
	if m.unit == 0 && !m.excel {
		return hijri(text)
	}
	why := fmt.Sprintf(" by time_layout: %s", layout)
	for _, other := range []string{"epoch_s", "epoch_ms"} {
		as, _ := parseLayout(other)
		if at, _, err := as.read(text, 1, time.UTC); err == nil && at.UnixMilli() >= event.Earliest && at.UnixMilli() < event.Latest {
			why += fmt.Sprintf("; by %s it is %s", other, at.UTC().Format(time.DateOnly))
		}
	}
	return why
}

// hijri names the calendar of a time whose year is one of another calendar today; empty for other times.
func hijri(text string) string {
	for _, number := range strings.FieldsFunc(western(text), func(c rune) bool { return c < '0' || c > '9' }) {
		calendar := "Solar Hijri" // from 1921 on; 1300 to 1429 of the Lunar one ended in 2009
		switch year, err := strconv.Atoi(number); {
		case err != nil || len(number) != len("1404") || year < 1300 || year >= 1500:
			continue
		case year >= 1430:
			calendar = "Lunar Hijri"
		}
		return fmt.Sprintf("; %s is a year of the %s calendar, which is not converted: give Gregorian dates", number, calendar)
	}
	return ""
}

// read is the instant of a text, which so many columns have. Where clocks are set back, the text of an hour has two: then the second return is the later.
// The error is errNoTime, or says what is wrong with the time.
func (m *moments) read(text string, columns int, zone *time.Location) (at, later time.Time, err error) {
	text = plainBlanks(western(text))
	if m.unit != 0 {
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil || n < 0 || n > 1<<53 {
			return at, later, errNoTime
		}
		if m.unit == time.Second {
			return time.Unix(n, 0), later, nil
		}
		return time.UnixMilli(n), later, nil
	}
	if m.zoned {
		at, err = m.parse(text)
		return at, later, err
	}
	var wall time.Time
	if m.excel {
		wall, err = m.wall(text, columns)
	} else {
		wall, err = m.parse(text)
	}
	if err != nil {
		return at, later, err
	}
	return inZone(wall, zone)
}

// inZone is the instant, or the two instants, at which clocks of the zone show what wall shows in UTC.
func inZone(wall time.Time, zone *time.Location) (at, later time.Time, err error) {
	_, before := wall.Add(-24 * time.Hour).In(zone).Zone()
	_, after := wall.Add(24 * time.Hour).In(zone).Zone()
	shows := func(offset int) (time.Time, bool) {
		u := wall.Add(-time.Duration(offset) * time.Second)
		_, there := u.In(zone).Zone()
		return u, there == offset
	}
	first, isFirst := shows(before)
	second, isSecond := shows(after)
	switch {
	case isFirst && isSecond && !first.Equal(second):
		return first, second, nil
	case isFirst:
		return first, later, nil
	case isSecond:
		return second, later, nil
	}
	return at, later, fmt.Errorf("does not exist in %s, where clocks were set forward", zone)
}
