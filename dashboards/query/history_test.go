package query

import (
	"fmt"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

func (b *database) history(q overview.HistoryQuery) *overview.History {
	b.t.Helper()
	b.refresh()
	h, err := b.History(b.t.Context(), q)
	if err != nil {
		b.t.Fatal(err)
	}
	return h
}

func TestDaysAndHoursFollowTheClocksOfThePlace(t *testing.T) {
	b := newBorder(t, "2026-10-26T12:00:00Z", placeOf("A", "Europe/Warsaw", 48*time.Hour))
	// Clocks go back at 03:00 local time on 25 October 2026, which is 01:00 UTC.
	b.window(0, "A", "inbound", "day", "2026-10-24T22:00:00Z", "arrivals", 10)
	b.window(0, "A", "inbound", "day", "2026-10-24T22:00:00Z", "untimed_left", 4)
	for i := range 25 {
		measure := []string{"untimed_releases", "release_time"}[i%2]
		b.window(i%3, "A", "inbound", "hour", at("2026-10-24T22:00:00Z").Add(time.Duration(i)*time.Hour).Format(time.RFC3339), measure, 1)
	}
	days := b.history(overview.HistoryQuery{ID: "A", Measure: "arrivals", Grain: window.Day, From: at("2026-10-25T12:00:00+01:00"), To: at("2026-10-26T01:00:00+01:00")})
	if len(days.Windows) != 2 || days.Windows[0].End.Sub(days.Windows[0].Start) != 25*time.Hour {
		t.Fatalf("%+v", days.Windows)
	}
	is(t, "arrivals", days.Windows[0].N, 10)
	is(t, "inside", days.Windows[0].Inside, 6)
	is(t, "arrivals of a day without any", days.Windows[1].N, 0)
	is(t, "inside at its end", days.Windows[1].Inside, 6)

	hours := b.history(overview.HistoryQuery{ID: "A", Measure: "releases", Grain: window.Hour, From: at("2026-10-25T00:00:00+02:00"), To: at("2026-10-26T00:00:00+01:00")})
	if len(hours.Windows) != 25 {
		t.Fatalf("%d hours", len(hours.Windows))
	}
	for _, w := range hours.Windows {
		is(t, w.Start.String(), w.N, 1)
	}

	b.now = at("2026-10-25T10:15:00+01:00")
	trend := b.overview().Places[0].Trend
	for i := 1; i < len(trend); i++ {
		if got := trend[i].Start.Sub(trend[i-1].Start); got != time.Hour {
			t.Errorf("the hour before %v has %v", trend[i].Start, got)
		}
	}
}

func TestInsideAtTheEndOfAWindowIsArrivalsLessLeft(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 48*time.Hour))
	b.window(0, "A", "inbound", "day", "2025-06-01T00:00:00Z", "arrivals", 100)
	b.window(1, "A", "inbound", "day", "2025-12-01T00:00:00Z", "crossing_time", 60, 7200)
	b.window(1, "A", "outbound", "day", "2025-12-01T00:00:00Z", "arrivals", 7)
	b.window(0, "A", "inbound", "hour", "2026-01-05T03:00:00Z", "arrivals", 2)
	b.window(0, "A", "inbound", "day", "2026-01-05T00:00:00Z", "arrivals", 3)
	b.window(0, "A", "inbound", "hour", "2026-01-05T09:00:00Z", "arrivals", 1)
	b.window(0, "A", "inbound", "hour", "2026-01-05T10:00:00Z", "untimed_left", 5)
	q := overview.HistoryQuery{ID: "A", Measure: "release_time", Grain: window.Hour, From: at("2026-01-05T08:30:00Z"), To: at("2026-01-05T11:00:00Z")}
	var all []int64
	for _, w := range b.history(q).Windows {
		all = append(all, *w.Inside)
	}
	if want := []int64{49, 50, 45}; fmt.Sprint(all) != fmt.Sprint(want) {
		t.Errorf("inside %v, want %v", all, want)
	}
	q.Filter = overview.Filter{Direction: "outbound"}
	is(t, "outbound", b.history(q).Windows[2].Inside, 7)
}

func TestWindowAfterASilenceIsUnknownUntilTheNextEvent(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 2*time.Hour))
	b.window(0, "A", "inbound", "hour", "2026-01-05T00:00:00Z", "arrivals", 1)
	b.window(0, "A", "outbound", "hour", "2026-01-05T06:00:00Z", "untimed_departures", 1)
	q := overview.HistoryQuery{ID: "A", Measure: "release_time", Grain: window.Hour, From: at("2026-01-05T00:00:00Z"), To: at("2026-01-05T10:00:00Z")}
	q.Filter = overview.Filter{Direction: "inbound"} // what is seen of one direction is seen of the place
	var got string
	for _, w := range b.history(q).Windows {
		got += map[bool]string{true: "?", false: "0"}[w.N == nil]
	}
	if want := "000???000?"; got != want {
		t.Errorf("hours %q, want %q", got, want)
	}
}

func TestLapsedVisitIsNotInside(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 2*time.Hour))
	for _, v := range []struct {
		id, status string
		asOf, over int
	}{{"lapsed", "inside", 3, 0}, {"lapsed", "lapsed", 9, 1}, {"broken", "inconsistent", 3, 0}, {"sound", "inside", 3, 0}} {
		b.insert(`visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived)
			VALUES (0, '%s', %d, 'A', 'inbound', '%s', %d, '2026-01-05 08:00:00', '2026-01-05 08:00:00', '2026-01-05 08:00:00')`, v.id, v.asOf, v.status, v.over)
	}
	page, err := b.Inside(t.Context(), overview.VisitsQuery{Place: "A", Limit: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(page.Visits) != 2 || page.Visits[0].Visit != "broken" || page.Visits[0].Open != nil || page.Next != nil {
		t.Errorf("%+v", page)
	}
	v, err := b.Visit(t.Context(), "A", "lapsed")
	if err != nil || v.Status != "lapsed" || v.AgeSeconds != nil {
		t.Errorf("%+v %v", v, err)
	}
}

// Kabul's days begin at half past seven in the evening, UTC.
func TestHoldersSumWholeDaysAndTheHoursAroundThem(t *testing.T) {
	b := newBorder(t, "2026-01-10T12:00:00Z", torkham())
	for start, seconds := range map[string]int{
		"2026-01-05T08:30:00Z": 1, // too early
		"2026-01-05T09:30:00Z": 10,
		"2026-01-06T09:30:00Z": 20,
		"2026-01-07T09:30:00Z": 30,
		"2026-01-07T20:30:00Z": 40,
		"2026-01-08T02:30:00Z": 2, // too late
	} {
		b.window(0, "TORKHAM", "inbound", "hour", start, "wait/customs", 1, seconds)
	}
	for start, seconds := range map[string][]int{
		"2026-01-04T19:30:00Z": {1, 10}, "2026-01-05T19:30:00Z": {20}, "2026-01-06T19:30:00Z": {30}, "2026-01-07T19:30:00Z": {40, 2},
	} {
		b.window(0, "TORKHAM", "inbound", "day", start, "wait/customs", len(seconds), seconds...)
	}
	for _, c := range []struct {
		from, to string
		n        int64
		seconds  float64
	}{
		{"2026-01-05T10:00:00Z", "2026-01-08T02:00:00Z", 4, 100},
		{"2026-01-05T19:30:00Z", "2026-01-07T19:30:00Z", 2, 50}, // two whole days
		{"2026-01-06T09:00:00Z", "2026-01-06T12:00:00Z", 1, 20}, // none
		{"2026-01-06T09:00:00Z", "2026-01-07T12:00:00Z", 2, 50}, // none, over midnight
	} {
		got, err := b.Holders(t.Context(), "TORKHAM", at(c.from), at(c.to), overview.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if len(got.Holders) != 1 || got.Holders[0].N != c.n || got.Holders[0].Seconds != c.seconds {
			t.Errorf("%s to %s: %+v, not %d with %v seconds", c.from, c.to, got.Holders, c.n, c.seconds)
		}
	}
}
