package clickhouse

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

// written are local days of two places, in shards, channels and directions, with what Go knows of each.
type written struct {
	date calendar.Date
	row  window.Row
}

// writeDays writes days around new year, over the dates on which New York changes its clocks. Some durations have closed hours in them.
func writeDays(t *testing.T, s *Store) (all []written) {
	t.Helper()
	r := rand.New(rand.NewPCG(5, 6))
	zones := []string{"Asia/Kabul", "America/New_York"}
	rules := map[string]string{}
	for i, zone := range zones {
		rules["time_zone of "+s.voc.BCPName(event.BCP(i+1))] = zone
	}
	if err := s.WriteRules(t.Context(), rules); err != nil {
		t.Fatal(err)
	}
	for shard := range 2 {
		var rows []window.Row
		for i, zone := range zones {
			clock := window.NewClock(at(zone, "2026-01-01 00:00").Location())
			for date := calendar.DateOf(2026, 2, 1); date < calendar.DateOf(2026, 6, 20); date++ {
				key := window.Key{
					BCP: event.BCP(i + 1), Grain: window.Day, Start: clock.Midnight(int32(date)), Measure: window.ReleaseTime,
					Direction: event.Direction(1 + r.IntN(2)), Channel: event.Channel(1 + r.IntN(3)),
				}
				times := window.Row{Key: key, AsOf: 10}
				for range r.IntN(9) {
					ms, closed := int64(r.ExpFloat64()*4e7), int64(0)
					if r.IntN(3) == 0 {
						closed = ms / 3
					}
					times.Add(window.IncrementOf(window.ReleaseTime, ms, closed, 1))
				}
				key.Measure = window.Arrivals
				arrivals := window.Row{Key: key, AsOf: 10}
				arrivals.N = int64(r.IntN(50))
				rows = append(rows, times, arrivals)
				all = append(all, written{date, times}, written{date, arrivals})
			}
		}
		if err := s.WriteWindows(t.Context(), shard, pointers(rows...)); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// merged adds up rows by a name.
func merged(all []written, measure window.Measure, name func(w written) string) (by map[string]*window.Aggregate) {
	by = map[string]*window.Aggregate{}
	for _, w := range all {
		if key := name(w); key != "" && w.row.Key.Measure == measure {
			if by[key] == nil {
				by[key] = &window.Aggregate{}
			}
			by[key].Merge(&w.row.Aggregate)
		}
	}
	return by
}

// examples are the statements of SQL.md, in its order.
func examples(t *testing.T) (all []string) {
	t.Helper()
	text, err := os.ReadFile("SQL.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range regexp.MustCompile("(?s)```sql\n(.*?)```").FindAllStringSubmatch(string(text), -1) {
		all = append(all, block[1])
	}
	return all
}

func TestDocumentListsEveryView(t *testing.T) {
	text, err := os.ReadFile("SQL.md")
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, fresh(t), vocabulary(t))
	names := strings.Fields(s.text(t, "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine = 'View'"))
	if len(names) < 10 {
		t.Errorf("the views are %q", names)
	}
	for _, name := range names {
		if !strings.Contains(string(text), "`"+name+"`") {
			t.Errorf("%s is not in SQL.md", name)
		}
	}
}

func quantilesOf(b window.Bins) string {
	return fmt.Sprintf("%.9f %.9f %.9f", b.Quantile(0.5), b.Quantile(0.9), b.Quantile(0.95))
}

func TestDocumentedSQLMergesDaysAsTheProgramDoes(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	all := writeDays(t, s)
	statements := examples(t)
	if len(statements) != 2 {
		t.Fatalf("SQL.md has %d statements", len(statements))
	}
	var want strings.Builder
	months := merged(all, window.ReleaseTime, func(w written) string { return calendar.MonthPersian.Name(w.date, time.Monday) })
	for _, month := range slices.Sorted(maps.Keys(months)) {
		a := months[month]
		fmt.Fprintf(&want, "%s\t%d\t%.6f\t%s\n", month, a.N, float64(a.Sum)/float64(a.N)/1000, quantilesOf(a.Bins))
	}
	const show = "SELECT month, trucks, printf('%%.6f', mean), printf('%%.9f %%.9f %%.9f', quantiles[1], quantiles[2], quantiles[3]) FROM (%s)"
	if got := s.text(t, fmt.Sprintf(show, statements[0])); got != want.String() || len(months) != 5 {
		t.Errorf("months are\n%s\nnot\n%s", got, &want)
	}

	want.Reset()
	weeks := merged(all, window.Arrivals, func(w written) string { return calendar.Week.Name(w.date, time.Saturday) })
	for _, week := range slices.Sorted(maps.Keys(weeks)) {
		fmt.Fprintf(&want, "%s\t%d\n", week, weeks[week].N)
	}
	if got := s.text(t, statements[1]); got != want.String() {
		t.Errorf("weeks are\n%s\nnot\n%s", got, &want)
	}
}

func TestCrossingTimesDuringAreThoseOfTheDaysBetweenTwoDates(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	all := writeDays(t, s)
	from, to := calendar.DateOf(2026, 3, 7), calendar.DateOf(2026, 3, 21)
	of := merged(all, window.ReleaseTime, func(w written) string {
		if w.date < from || w.date >= to {
			return ""
		}
		return s.voc.BCPName(w.row.Key.BCP) + "\t" + w.row.Key.Direction.String()
	})
	var want strings.Builder
	for _, place := range slices.Sorted(maps.Keys(of)) {
		a := of[place]
		fmt.Fprintf(&want, "%s\t%d\t%s\t%s\n", place, a.N, quantilesOf(a.Bins), quantilesOf(a.Net.Bins))
	}
	got := s.text(t, `SELECT bcp, direction, n, printf('%.9f %.9f %.9f', p50, p90, p95), printf('%.9f %.9f %.9f', net_p50, net_p90, net_p95)
		FROM crossing_times_during(from = '2026-03-07', to = '2026-03-21') WHERE measure = 'release_time' ORDER BY bcp, direction`)
	if got != want.String() || len(of) != 4 {
		t.Errorf("got\n%s\nnot\n%s", got, &want)
	}
}

// Of an hour it is the date of the hour, at the place.
func TestDatesOfViewsAreLocal(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	all := writeDays(t, s)
	dates := map[string]bool{}
	for _, w := range all {
		dates[fmt.Sprintf("%s\t%d\t%s\n", voc.BCPName(w.row.Key.BCP), int64(w.row.Key.Start)*60, w.date)] = true
	}
	want := strings.Join(slices.Sorted(maps.Keys(dates)), "")
	for _, view := range []string{"days", "movements"} {
		got := s.text(t, "SELECT DISTINCT bcp, toUnixTimestamp(start), date FROM "+view+" ORDER BY bcp, start")
		if sorted := slices.Sorted(strings.Lines(got)); strings.Join(sorted, "") != want {
			t.Errorf("dates of %s are\n%s\nnot\n%s", view, got, want)
		}
	}
	for _, view := range []string{"crossing_times", "crossing_times_by_channel", "inside"} {
		if got := s.text(t, "SELECT count() FROM "+view+" WHERE (bcp, start, date) NOT IN (SELECT bcp, start, date FROM days)"); got != "0\n" {
			t.Errorf("%s has dates that are not those of the days: %s", view, got)
		}
	}
	if err := s.WriteRules(t.Context(), map[string]string{"time_zone of " + voc.BCPName(4): "America/St_Johns"}); err != nil {
		t.Fatal(err)
	}
	changed := window.Row{Key: window.Key{BCP: 4, Grain: window.Day, Start: int32(at("UTC", "2010-11-07 02:30").Unix() / 60), Measure: window.Arrivals, Direction: event.Inbound}, AsOf: 11}
	changed.N = 1
	if err := s.WriteWindows(t.Context(), 0, pointers(changed)); err != nil {
		t.Fatal(err)
	}
	if got := s.text(t, "SELECT date FROM days WHERE start < '2011-01-01 00:00:00'"); got != "2010-11-07\n" { // clocks went back at 00:01
		t.Errorf("the date of a day in St. John's is %q", got)
	}
	key := window.Key{BCP: 2, Grain: window.Hour, Start: int32(at("UTC", "2026-03-08 04:00").Unix() / 60), Measure: window.Arrivals, Direction: event.Inbound}
	unknown := key
	unknown.BCP = 3 // no rule says where it is
	hours := []window.Row{{Key: key, AsOf: 11}, {Key: unknown, AsOf: 11}}
	for i := range hours {
		hours[i].N = 1
	}
	if err := s.WriteWindows(t.Context(), 0, pointers(hours...)); err != nil {
		t.Fatal(err)
	}
	if got := s.text(t, "SELECT date FROM movements WHERE grain = 'hour' ORDER BY date NULLS LAST"); got != "2026-03-07\n\\N\n" { // at midnight in New York it is five o'clock UTC
		t.Errorf("dates of hours are %q", got)
	}
}

func TestCalendarViewIsThatOfTheProgram(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	var want strings.Builder
	for d := calendar.NewYear(firstYear); d < calendar.NewYear(lastYear+1); d++ {
		fmt.Fprint(&want, d)
		for _, g := range []calendar.Grain{calendar.Month, calendar.Quarter, calendar.Year, calendar.MonthPersian, calendar.QuarterPersian, calendar.YearPersian} {
			fmt.Fprint(&want, "\t", g.Name(d, time.Monday))
		}
		fmt.Fprintln(&want)
	}
	if got := s.text(t, "SELECT * FROM calendar ORDER BY date"); got != want.String() {
		t.Errorf("the view has %d bytes, the program %d", len(got), want.Len())
	}
}

// People find their way by DESCRIBE TABLE. Views with parameters have no columns before they are given.
func TestEveryTableViewAndColumnHasAComment(t *testing.T) {
	s := open(t, fresh(t), vocabulary(t))
	if got := s.text(t, "SELECT table, name FROM system.columns WHERE database = currentDatabase() AND comment = '' ORDER BY table, position"); got != "" {
		t.Errorf("without a comment are the columns\n%s", got)
	}
	if got := s.text(t, "SELECT name FROM system.tables WHERE database = currentDatabase() AND comment = '' ORDER BY name"); got != "" {
		t.Errorf("without a comment are the tables and views\n%s", got)
	}
	if got := s.text(t, "SELECT count() > 200 FROM system.columns WHERE database = currentDatabase()"); got != "1\n" {
		t.Errorf("columns were looked at: %s", got)
	}
}
