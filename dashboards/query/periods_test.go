package query

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

func periodsOfMonth(measure string, ids ...string) overview.PeriodsQuery {
	return overview.PeriodsQuery{ID: "all", Places: ids, Measure: measure, Grain: calendar.Month, From: at("2026-01-10T00:00:00Z"), To: at("2026-01-11T00:00:00Z")}
}

// A median of the two medians would be 700 seconds, and their mean weighed by trucks 100 or so.
func TestQuantileOfAMonthIsOfItsTrucksAndNotOfItsDays(t *testing.T) {
	b := newBorder(t, "2026-02-10T12:00:00Z", placeOf("A", "UTC", 2000*time.Hour))
	b.window(0, "A", "inbound", "day", "2026-01-03T00:00:00Z", "release_time", 9, 100, 100, 100, 100, 100, 100, 100, 100, 100)
	b.window(1, "A", "outbound", "day", "2026-01-20T00:00:00Z", "release_time", 3, 1300, 1300, 1300)
	b.refresh()
	h := b.periods(periodsOfMonth("release_time", "A"))
	if len(h.Windows) != 1 || h.Windows[0].Name != "2026-01" || h.Windows[0].FirstDate != "2026-01-01" || h.Windows[0].LastDate != "2026-01-31" {
		t.Fatalf("%+v", h.Windows)
	}
	w := h.Windows[0]
	is(t, "trucks", w.N, 12)
	near(t, "p50", w.P50Seconds, 100)
	near(t, "p90", w.P90Seconds, 1300)
	is(t, "mean", w.MeanSeconds, 400)
	q := periodsOfMonth("release_time", "A")
	q.Filter = overview.Filter{Direction: "outbound"}
	is(t, "outbound trucks", b.periods(q).Windows[0].N, 3)
}

// 21 March is that of each place: it begins in Kabul nine hours and a half before it does in New York. A truck at half past eleven of the evening
// before in New York is of 20 March, though Kabul has had the 21st for hours by then.
func TestDaysOfPlacesInDifferentZonesAreAddedByTheirLocalDate(t *testing.T) {
	b := newBorder(t, "2026-04-10T12:00:00Z", placeOf("K", "Asia/Kabul", 2000*time.Hour), placeOf("N", "America/New_York", 2000*time.Hour))
	b.window(0, "K", "inbound", "day", "2026-03-19T19:30:00Z", "arrivals", 1)  // 20 March in Kabul
	b.window(0, "K", "inbound", "day", "2026-03-20T19:30:00Z", "arrivals", 10) // 21 March
	b.window(0, "N", "inbound", "day", "2026-03-20T04:00:00Z", "arrivals", 100)
	b.window(0, "N", "inbound", "day", "2026-03-21T04:00:00Z", "arrivals", 1000)
	// The day before the clocks of New York go forward, and the day on which they do.
	b.window(0, "N", "inbound", "day", "2026-03-07T05:00:00Z", "arrivals", 20_000)
	b.window(0, "N", "inbound", "day", "2026-03-08T05:00:00Z", "arrivals", 30_000)
	b.refresh()
	q := overview.PeriodsQuery{ID: "all", Places: []string{"K", "N"}, Measure: "arrivals", Grain: calendar.Day, From: at("2026-03-07T12:00:00Z"), To: at("2026-03-22T00:00:00Z")}
	h := b.periods(q)
	got := map[string]int64{}
	for _, w := range h.Windows {
		if w.N != nil && *w.N > 0 {
			got[w.Name] = *w.N
		}
	}
	for date, n := range map[string]int64{"2026-03-07": 20_000, "2026-03-08": 30_000, "2026-03-20": 101, "2026-03-21": 1010} {
		if got[date] != n {
			t.Errorf("%s has %d arrivals, not %d", date, got[date], n)
		}
	}
	last := h.Windows[len(h.Windows)-1]
	if last.FirstDate != "2026-03-22" || h.TimeZone != "" { // in Kabul the asked instant is half past four of the 22nd
		t.Errorf("%+v in zone %q", last, h.TimeZone)
	}
	if w := h.Windows[14]; w.FirstDate != "2026-03-21" || w.Start != at("2026-03-20T19:30:00Z") || w.End != at("2026-03-22T04:00:00Z") {
		t.Errorf("%+v", w)
	}
	q.FromDate, q.ToDate = calendar.DateOf(2026, 3, 21), calendar.DateOf(2026, 3, 22)
	if one := b.periods(q).Windows; len(one) != 1 || *one[0].N != 1010 {
		t.Errorf("the 21st of everybody: %+v", one)
	}
	q.FromDate, q.ToDate = 0, 0
	q.Grain = calendar.YearPersian
	years := b.periods(q)
	is(t, "arrivals of 1404", years.Windows[0].N, 50_101)
	is(t, "arrivals of 1405", years.Windows[1].N, 1010)
	is(t, "inside at the end of 1404", years.Windows[0].Inside, 50_101)
	if years.Windows[1].Name != "1405" {
		t.Errorf("%+v", years.Windows)
	}
}

// The last days of the month were silent: the month is of the days that are known, says how many are not, and who is inside at its end is unknown.
func TestPeriodWithUnknownDaysIsPartialAndNeverZero(t *testing.T) {
	b := newBorder(t, "2026-03-10T12:00:00Z", placeOf("A", "UTC", 25*time.Hour), placeOf("B", "UTC", 2000*time.Hour), placeOf("C", "UTC", 25*time.Hour))
	for _, day := range []string{"01", "02", "05"} {
		b.window(0, "A", "inbound", "day", "2026-01-"+day+"T00:00:00Z", "arrivals", 2)
	}
	b.window(0, "A", "outbound", "day", "2025-12-31T00:00:00Z", "arrivals", 5)
	b.window(0, "B", "inbound", "day", "2025-12-31T00:00:00Z", "untimed_releases", 1)
	b.refresh()
	january := func(measure string, ids ...string) overview.Window {
		return b.periods(periodsOfMonth(measure, ids...)).Windows[0]
	}
	w := january("arrivals", "A")
	is(t, "arrivals", w.N, 6)
	is(t, "days", w.Days, 31)
	is(t, "unknown days", w.UnknownDays, 31-3-2) // each known day vouches for the next
	null(t, "inside at the end", w.Inside)
	if w.Status != overview.Partial || w.Reason != overview.Stale {
		t.Errorf("%+v", w)
	}
	if w := january("release_time", "A"); w.Status != overview.Partial || w.P50Seconds != nil || *w.N != 0 || w.Reason != overview.Stale {
		t.Errorf("%+v", w)
	}
	w = january("arrivals", "B")
	if w.Status != overview.OK || *w.N != 0 || *w.UnknownDays != 0 || *w.Inside != 0 {
		t.Errorf("nothing happened, and that is known: %+v", w)
	}
	w = january("arrivals", "C")
	if w.Status != overview.Unknown || w.N != nil || w.Inside != nil || w.Reason != overview.Stale || *w.UnknownDays != 31 {
		t.Errorf("nothing was ever heard: %+v", w)
	}
	w = january("arrivals", "A", "B", "C")
	is(t, "arrivals of all", w.N, 6)
	is(t, "days of all", w.Days, 93)
	is(t, "unknown days of all", w.UnknownDays, 26+31)
	if w.Status != overview.Partial || w.Reason != overview.Stale || w.Inside != nil {
		t.Errorf("%+v", w)
	}
}

func TestPeriodThatIsNotOverCountsTheDaysThatHaveBegun(t *testing.T) {
	b := newBorder(t, "2026-01-03T12:00:00Z", placeOf("A", "UTC", 30*time.Hour), placeOf("E", "America/New_York", 30*time.Hour))
	for _, id := range []string{"A", "E"} {
		start := map[string]string{"A": "T00:00:00Z", "E": "T05:00:00Z"}[id]
		for _, day := range []string{"2025-12-31", "2026-01-01", "2026-01-02", "2026-01-03"} {
			b.window(0, id, "inbound", "day", day+start, "arrivals", 1)
		}
		b.window(0, id, "inbound", "day", "2026-01-05"+start, "arrivals", 1000) // of a clock that is ahead
	}
	b.insert("progress (shard, offset, as_of, latest, watermark) VALUES (0, 5, 5, '2026-01-03 12:00:00', '2026-01-01 02:00:00')")
	b.refresh()
	q := periodsOfMonth("arrivals", "A", "E")
	q.From, q.To = at("2025-12-31T12:00:00Z"), at("2026-02-10T00:00:00Z")
	h := b.periods(q)
	if len(h.Windows) != 3 {
		t.Fatalf("%+v", h.Windows)
	}
	december, january, february := h.Windows[0], h.Windows[1], h.Windows[2]
	if december.Final { // it is over in UTC, and not yet in New York as of the watermark
		t.Errorf("%+v", december)
	}
	is(t, "arrivals of January", january.N, 6)
	is(t, "days of January", january.Days, 6)
	is(t, "inside now", january.Inside, 8)
	if january.Final || january.Status != overview.OK || february.Status != overview.Unknown || february.Reason != overview.Future || february.N != nil {
		t.Errorf("%+v, %+v", january, february)
	}
	q = periodsOfMonth("arrivals", "A")
	q.From, q.To = at("2025-12-31T12:00:00Z"), at("2025-12-31T13:00:00Z")
	if w := b.periods(q).Windows[0]; !w.Final {
		t.Errorf("December of the place whose part is final: %+v", w)
	}
}

// Samoa had no 30 December 2011: its clocks jumped over the date.
func TestDateThatThePlaceNeverHadIsNoUnknownDay(t *testing.T) {
	b := newBorder(t, "2012-02-10T12:00:00Z", placeOf("APIA", "Pacific/Apia", 25*time.Hour))
	var rows []string
	for day := at("2011-12-01T10:00:00Z"); day.Before(at("2011-12-31T00:00:00Z")); day = day.Add(24 * time.Hour) { // at UTC-10, until the jump
		rows = append(rows, b.row(0, "APIA", "inbound", "day", day.Format(time.RFC3339), "arrivals", 1, &window.Aggregate{}))
	}
	b.aggregates(rows...)
	b.refresh()
	q := overview.PeriodsQuery{ID: "APIA", Places: []string{"APIA"}, Measure: "arrivals", Grain: calendar.Month, From: at("2011-12-10T00:00:00Z"), To: at("2011-12-11T00:00:00Z")}
	w := b.periods(q).Windows[0]
	is(t, "days", w.Days, 30)
	is(t, "arrivals", w.N, 30)
	is(t, "unknown days", w.UnknownDays, 0)
	if w.Name != "2011-12" || w.End.Sub(w.Start) != 30*24*time.Hour {
		t.Errorf("%+v", w)
	}
}

func TestWeekBeginsOnTheDayThatIsAskedFor(t *testing.T) {
	b := newBorder(t, "2026-01-20T12:00:00Z", torkham())
	b.window(0, "TORKHAM", "inbound", "day", "2026-01-08T19:30:00Z", "arrivals", 1) // Friday
	b.window(0, "TORKHAM", "inbound", "day", "2026-01-09T19:30:00Z", "arrivals", 2) // Saturday
	b.window(0, "TORKHAM", "inbound", "day", "2026-01-11T19:30:00Z", "arrivals", 4) // Monday
	b.refresh()
	for begins, want := range map[time.Weekday]string{time.Saturday: "2026-01-03 1, 2026-01-10 6", time.Monday: "2026-01-05 3, 2026-01-12 4"} {
		q := overview.PeriodsQuery{ID: "TORKHAM", Places: []string{"TORKHAM"}, Measure: "arrivals", Grain: calendar.Week, WeekBegins: begins, From: at("2026-01-09T12:00:00Z"), To: at("2026-01-12T12:00:00Z")}
		h := b.periods(q)
		var got []string
		for _, w := range h.Windows {
			got = append(got, fmt.Sprint(w.Name, " ", *w.N))
		}
		if strings.Join(got, ", ") != want || h.WeekBegins != map[time.Weekday]string{time.Saturday: "sat", time.Monday: "mon"}[begins] {
			t.Errorf("weeks from %v: %q, %q", begins, got, h.WeekBegins)
		}
	}
}
