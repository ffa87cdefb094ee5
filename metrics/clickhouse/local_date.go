package clickhouse

import (
	"fmt"
	"strings"

	"dwell/metrics/calendar"
)

// sqlOfDate is SQL of the local date of start at the BCP w.bcp, in the time zone of the rules by which the tables were counted; NULL
// where they have none. Of the functions of ClickHouse formatDateTime alone takes another zone for each row. Where clocks changed at
// 00:01, as in America/St_Johns until 2011, it takes that midnight for the day before; so of a day it is asked in the morning. The first hour of
// such a day stays wrong.
func sqlOfDate(database string) string {
	const rule = "time_zone of "
	zone := fmt.Sprintf("(SELECT mapFromArrays(groupArray(place), groupArray(zone)) FROM ("+
		"SELECT substring(rule, %d) AS place, argMin(value, noted_at) AS zone FROM %s.rules WHERE startsWith(rule, '%s') GROUP BY rule))[toString(w.bcp)]",
		len(rule)+1, database, rule)
	return fmt.Sprintf("if(%[1]s = '', NULL, toDate(formatDateTime(start + if(grain = 'day', 21600, 0), '%%F', if(%[1]s = '', 'UTC', %[1]s))))", zone)
}

// The years of the Solar Hijri calendar that the view calendar has, from 1989 to 2101.
const firstYear, lastYear = 1368, 1479

// newYears is an array of the first days of these years, in days since 1970-01-01.
func newYears() string {
	var all []string
	for year := firstYear; year <= lastYear; year++ {
		all = append(all, fmt.Sprint(int(calendar.NewYear(year))))
	}
	return "[" + strings.Join(all, ", ") + "]"
}
