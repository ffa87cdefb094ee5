package query

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

// zoneDays are the local days [first, last) of the places in one time zone.
type zoneDays struct {
	zone string
	ids  []string
	// from and until are when they begin and end, in Unix seconds.
	from, until int64
	// date is SQL of the local date at which a day starts, in days since 1970-01-01. Offsets are those of the program, whose clock
	// has made the days, and not ClickHouse's.
	date string
}

func daysOf(members []*member, first, last calendar.Date) (all []zoneDays) {
	for _, m := range members {
		at := slices.IndexFunc(all, func(z zoneDays) bool { return z.zone == m.Zone.String() })
		if at < 0 {
			from, until := m.clock.Midnight(int32(first)), m.clock.Midnight(int32(last))
			at, all = len(all), append(all, zoneDays{
				zone: m.Zone.String(), from: int64(from) * 60, until: int64(until) * 60, date: dateOfStart(&m.clock, from, until),
			})
		}
		all[at].ids = append(all[at].ids, m.ID)
	}
	return all
}

// dateOfStart is SQL of the local date of a start in [from, until), which are in minutes.
func dateOfStart(clock *window.Clock, from, until int32) string {
	var offsets strings.Builder
	for at := from; ; {
		offset, holds := clock.Offset(at)
		if holds >= until {
			fmt.Fprintf(&offsets, "%d", offset*60)
			break
		}
		fmt.Fprintf(&offsets, "toUnixTimestamp(start) < %d, %d, ", int64(holds)*60, offset*60)
		at = holds
	}
	seconds := offsets.String()
	if strings.Contains(seconds, ",") {
		seconds = "multiIf(" + seconds + ")"
	}
	return "intDiv(toUnixTimestamp(start) + " + seconds + ", 86400)"
}

// dateOf is SQL of the local date of a day at any of the places.
func dateOf(days []zoneDays) string {
	if len(days) == 1 {
		return days[0].date
	}
	var of strings.Builder
	for i := range days[:len(days)-1] {
		fmt.Fprintf(&of, "bcp IN ({zone%d:Array(String)}), %s, ", i, days[i].date)
	}
	return "multiIf(" + of.String() + days[len(days)-1].date + ")"
}

// during is the condition that selects days, by the bounds of each zone as the format says, with its arguments.
func during(days []zoneDays, format string) (sql string, args []any) {
	var zones []string
	for i, z := range days {
		bounds := strings.NewReplacer("FROM", fmt.Sprintf("fromUnixTimestamp(%d)", z.from), "UNTIL", fmt.Sprintf("fromUnixTimestamp(%d)", z.until)).Replace(format)
		zones = append(zones, fmt.Sprintf("bcp IN ({zone%d:Array(String)}) AND %s", i, bounds))
		args = append(args, clickhouse.Named(fmt.Sprint("zone", i), z.ids))
	}
	return "grain = 'day' AND (" + strings.Join(zones, " OR ") + ")", args
}

// daysIn selects days by the date at which the period that they are in begins, but for those that begin after now.
func (s *Source) daysIn(days []zoneDays, periods []calendar.Period, now time.Time) selection {
	var begins []string
	for _, p := range periods {
		begins = append(begins, fmt.Sprint(int(p.From)))
	}
	which, args := during(days, "start >= FROM AND start < UNTIL")
	return selection{
		key: "roundDown(" + dateOf(days) + ", [" + strings.Join(begins, ", ") + "])", days: true, args: args,
		of: func(...string) string {
			return s.table("windows") + " FINAL PREWHERE " + which + fmt.Sprintf(" AND start <= fromUnixTimestamp(%d)", now.Unix())
		},
	}
}

// readSeen notes the days that have a row. A row is never deleted, so rows that a later one replaces tell the same.
func (s *Source) readSeen(ctx context.Context, days []zoneDays, members []*member) error {
	which, args := during(days, "start >= FROM AND start < UNTIL")
	sql := "SELECT toString(bcp), groupUniqArray(toInt32(" + dateOf(days) + ")) FROM " + s.table("windows") + " PREWHERE " + which + " GROUP BY bcp"
	return s.each(ctx, "windows", sql, args, func(rows driver.Rows) error {
		var bcp string
		var dates []int32
		if err := rows.Scan(&bcp, &dates); err != nil {
			return err
		}
		m := members[slices.IndexFunc(members, func(m *member) bool { return m.ID == bcp })]
		for _, d := range dates {
			m.seen[calendar.Date(d)] = true
		}
		return nil
	})
}

// insideBeforeDays is how many trucks were inside when the days began: all that came less all that left before.
func (s *Source) insideBeforeDays(ctx context.Context, days []zoneDays, f overview.Filter) (inside int64, err error) {
	filter, args := condition(f)
	which, of := during(days, "start < FROM")
	sql := "SELECT sumIf(n, measure = 'arrivals') - sumIf(n, " + leftOf + ") FROM " + s.table("windows") + " FINAL PREWHERE " +
		which + " AND " + ofDays(insideOf) + filter
	err = s.each(ctx, "windows", sql, append(args, of...), func(rows driver.Rows) error { return rows.Scan(&inside) })
	return inside, err
}
