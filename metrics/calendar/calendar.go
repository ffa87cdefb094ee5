// Package calendar cuts local dates into weeks, months, quarters and years, in the Gregorian and in the Solar Hijri calendar.
//
// It promises that the periods of a grain have neither gaps nor overlaps, that each consists of whole days, and that a quarter
// consists of three months and a year of four quarters of the same calendar. It refuses to know of time zones and clocks: when the
// days of a place begin is window.Clock's to say.
package calendar

import (
	"fmt"
	"time"
)

// Date is a local date, in days since 1970-01-01.
type Date int32

// DateOf is the date of a day of the Gregorian calendar. A month or day that does not exist is carried over, as time.Date does.
func DateOf(year int, month time.Month, day int) Date {
	const secondsOfDay = 24 * 60 * 60
	return Date(floor(int(time.Date(year, month, day, 0, 0, 0, 0, time.UTC).Unix()), secondsOfDay))
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return time.Weekday(modulo(int(d)+int(time.Thursday), 7)) }

// String is the date as ISO 8601 writes it, such as "2026-03-21".
func (d Date) String() string { return d.utc().Format(time.DateOnly) }

func (d Date) utc() time.Time { return time.Unix(0, 0).UTC().AddDate(0, 0, int(d)) }

// Grain is the length of a period.
type Grain uint8

// The grains. Those of the Solar Hijri calendar are called Persian, as Unicode calls it.
const (
	Day Grain = iota + 1
	Week
	Month
	Quarter
	Year
	MonthPersian
	QuarterPersian
	YearPersian
)

var grainNames = [...]string{
	Day: "day", Week: "week", Month: "month", Quarter: "quarter", Year: "year",
	MonthPersian: "month_persian", QuarterPersian: "quarter_persian", YearPersian: "year_persian",
}

// Names are the names of all grains, the shortest first in each calendar.
func Names() []string { return grainNames[Day:] }

func (g Grain) String() string { return grainNames[g] }

// ParseGrain reads a grain's name.
func ParseGrain(name string) (Grain, bool) {
	for g := Day; g <= YearPersian; g++ {
		if grainNames[g] == name {
			return g, true
		}
	}
	return 0, false
}

// LeastDays is how many days a period of the grain has at least.
func (g Grain) LeastDays() int {
	return [...]int{Day: 1, Week: 7, Month: 28, Quarter: 89, Year: 365, MonthPersian: 29, QuarterPersian: 89, YearPersian: 365}[g]
}

// Period is the stretch of dates [From, Until).
type Period struct{ From, Until Date }

// Of is the period that has the date in it. Weeks begin on the day weekBegins, which no other grain looks at.
func (g Grain) Of(d Date, weekBegins time.Weekday) Period {
	months := g.months()
	switch g {
	case Day:
		return Period{d, d + 1}
	case Week:
		from := d - Date(modulo(int(d.Weekday()-weekBegins), 7))
		return Period{from, from + 7}
	case MonthPersian, QuarterPersian, YearPersian:
		year, month := persian(d)
		first := month - month%months
		return Period{persianMonth(year, first), persianMonth(year, first+months)}
	default:
		year, month, _ := d.utc().Date()
		first := month - (month-1)%time.Month(months)
		return Period{DateOf(year, first, 1), DateOf(year, first+time.Month(months), 1)}
	}
}

// Name is what the period of the grain that has the date in it is called: "2026-11", "2026-Q4" or "2026", "1405-09", "1405-Q3" or
// "1405"; a day or week has the name of its first day, "2026-11-28".
func (g Grain) Name(d Date, weekBegins time.Weekday) string {
	from := g.Of(d, weekBegins).From
	year, month, _ := from.utc().Date()
	index := int(month - 1)
	if g >= MonthPersian {
		year, index = persian(from)
	}
	switch g {
	case Day, Week:
		return from.String()
	case Month, MonthPersian:
		return fmt.Sprintf("%04d-%02d", year, index+1)
	case Quarter, QuarterPersian:
		return fmt.Sprintf("%04d-Q%d", year, index/3+1)
	default:
		return fmt.Sprintf("%04d", year)
	}
}

// months is how many months a period has; of days and weeks it is 1.
func (g Grain) months() int {
	switch g {
	case Quarter, QuarterPersian:
		return 3
	case Year, YearPersian:
		return 12
	default:
		return 1
	}
}

// floor is the quotient rounded down, and modulo what is left, also of negative numbers.
func floor(n, by int) int { return (n - modulo(n, by)) / by }

func modulo(n, by int) int { return (n%by + by) % by }
