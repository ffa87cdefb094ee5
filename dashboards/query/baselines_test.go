package query

import (
	"fmt"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

// used writes nine weeks of hours in which trucks arrived, up to the hour of last: those that the condition selects, by
// their local time.
func (b *database) used(bcp, zone, last string, n int, condition string) {
	b.t.Helper()
	b.insert(`windows (shard, bcp, direction, channel, regime, grain, start, measure, as_of, n, sum_ms, sum_sq, bins)
SELECT 0, '%s', 'inbound', 'green', 'import', 'hour', toDateTime(%d, 'UTC') - 3600 * number AS at, 'arrivals', 10, %d, 0, 0, map()
FROM numbers(1512) WHERE %s`, bcp, at(last).Unix(), n, fmt.Sprintf(condition, "toTimeZone(at, '"+zone+"')"))
}

const (
	always   = "%[1]s > 0"
	workdays = "toDayOfWeek(%[1]s) < 6 AND toHour(%[1]s) BETWEEN 6 AND 19"
)

func TestEachPlaceIsUnknownByItsOwnBaseline(t *testing.T) {
	busy, small, fresh := placeOf("BUSY", "Asia/Kabul", 3*time.Hour), placeOf("SMALL", "Asia/Kabul", 3*time.Hour), placeOf("NEW", "Asia/Kabul", 3*time.Hour)
	b := newBorder(t, "2026-03-13T18:40:00Z", busy, small, fresh) // a Friday, 23:10 in Kabul
	b.used("BUSY", "Asia/Kabul", "2026-03-13T16:30:00Z", 20, always)
	b.used("SMALL", "Asia/Kabul", "2026-03-13T16:30:00Z", 6, workdays)
	b.window(0, "NEW", "inbound", "hour", "2026-03-13T16:30:00Z", "arrivals", 1)
	for _, p := range []string{"BUSY", "SMALL", "NEW"} {
		b.insideNow(0, p, "inbound", "2026-03-13T16:50:00Z", 5)
	}
	got := b.overview()
	for i, want := range []struct {
		status  overview.Status
		after   time.Duration
		learned bool
		unknown string // hours of the trend from 23:00 of Thursday
	}{
		{overview.Unknown, time.Hour, true, ".......................?"},
		{overview.OK, 11 * time.Hour, true, "........................"},
		{overview.OK, 3 * time.Hour, false, "?????????????????????..."},
	} {
		bcp := got.Places[i]
		if bcp.Status != want.status || bcp.SilentAfterLearned != want.learned || bcp.SilentAfterSeconds != int64(want.after/time.Second) {
			t.Errorf("%s: %s after %d s, learned %v; want %s after %v, learned %v", bcp.ID, bcp.Status, bcp.SilentAfterSeconds, bcp.SilentAfterLearned,
				want.status, want.after, want.learned)
		}
		var trend string
		for _, h := range bcp.Trend {
			trend += map[bool]string{true: "?", false: "."}[h.Status == overview.Unknown]
		}
		if trend != want.unknown {
			t.Errorf("%s: hours %s, want %s", bcp.ID, trend, want.unknown)
		}
		if d := b.SilentAfter(bcp.ID); d != want.after {
			t.Errorf("%s: the metric has %v, want %v", bcp.ID, d, want.after)
		}
	}
}

func TestBaselinesAreReadOnceAnHour(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "UTC", 3*time.Hour))
	learned := func() bool { return b.overview().Places[0].SilentAfterLearned }
	if learned() {
		t.Fatal("a baseline of nothing")
	}
	b.used("A", "UTC", "2026-03-16T11:00:00Z", 20, always)
	b.now = b.now.Add(59 * time.Minute)
	if learned() {
		t.Error("the history was read again within the hour")
	}
	b.now = b.now.Add(time.Minute)
	if !learned() {
		t.Error("the history was not read again after an hour")
	}
}

func TestLastBaselineHoldsWhileTheStoreIsAway(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.used("A", "UTC", "2026-03-16T11:00:00Z", 20, always)
	away := b.source(b.conn, "nowhere")
	if got := away.SilentAfter("A"); got != 3*time.Hour {
		t.Errorf("%v without ever having read, want what is configured", got)
	}
	b.refresh()
	if got := b.SilentAfter("A"); got != time.Hour {
		t.Fatalf("%v", got)
	}
	b.db, b.now = "nowhere", b.now.Add(2*time.Hour)
	if err := b.Refresh(t.Context()); err == nil {
		t.Fatal("read from nowhere")
	}
	if got := b.SilentAfter("A"); got != time.Hour {
		t.Errorf("%v, want what was learned last", got)
	}
}

func TestPlaceWithReadingsAloneHasTheBaselineOfItsReadings(t *testing.T) {
	b := newBorder(t, "2026-03-16T12:10:00Z", placeOf("A", "Asia/Kabul", 12*time.Hour))
	// Every two hours by day, none from 20:10 to 06:10 of Kabul.
	b.insert(`readings SELECT 0, number, 'A', '', 'far', toString(number), 0, toDateTime64('2026-03-16 09:40:00', 3, 'UTC') - 7200 * number AS at, at, 10, NULL, 0, 0, at
FROM numbers(756) WHERE toHour(toTimeZone(at, 'Asia/Kabul')) BETWEEN 6 AND 20`)
	b.insideNow(0, "A", "", "2026-03-16T09:40:00Z", 0)
	bcp := b.overview().Places[0]
	// At 16:40 in Kabul. One thing an hour, every other: its gap of 45 minutes, an hour of silence, and another gap.
	if bcp.Status != overview.OK || !bcp.SilentAfterLearned || bcp.SilentAfterSeconds != 5*3600 {
		t.Errorf("%s after %d s, learned %v", bcp.Status, bcp.SilentAfterSeconds, bcp.SilentAfterLearned)
	}
	if r := bcp.Readings[0]; r.Stale {
		t.Errorf("%+v", r)
	}
	b.now = at("2026-03-16T14:41:00Z") // 19:11
	bcp = b.overview().Places[0]
	if !bcp.Readings[0].Stale || bcp.Status != overview.Unknown {
		t.Errorf("after five hours: %s, %+v", bcp.Status, bcp.Readings[0])
	}
}

func TestHistoryIsUnknownByTheBaselineOfItsTime(t *testing.T) {
	b := newBorder(t, "2026-05-25T12:10:00Z", placeOf("A", "UTC", 3*time.Hour))
	b.used("A", "UTC", "2026-03-16T08:00:00Z", 20, always)
	hours := func(from, to string) (s string) {
		for _, w := range b.history(overview.HistoryQuery{ID: "A", Measure: "arrivals", Grain: window.Hour, From: at(from), To: at(to)}).Windows {
			s += map[bool]string{true: "?", false: "."}[w.N == nil]
		}
		return s
	}
	if got, want := hours("2026-03-16T06:00:00Z", "2026-03-16T14:00:00Z"), "....????"; got != want {
		t.Errorf("ten weeks ago %s, want %s: an hour was tolerated", got, want)
	}
	b.window(0, "A", "inbound", "hour", "2026-05-25T06:00:00Z", "arrivals", 1)
	if got, want := hours("2026-05-25T05:00:00Z", "2026-05-25T12:00:00Z"), "?....??"; got != want {
		t.Errorf("now %s, want %s: nothing is learned of the last weeks", got, want)
	}
}

func TestPromisedSilenceBoundsTheBaseline(t *testing.T) {
	p := placeOf("A", "UTC", 3*time.Hour)
	p.SilentAfterIsMax = true
	b := newBorder(t, "2026-03-13T23:10:00Z", p)
	b.used("A", "UTC", "2026-03-13T23:00:00Z", 6, workdays)
	b.insideNow(0, "A", "inbound", "2026-03-13T19:50:00Z", 5)
	if bcp := b.overview().Places[0]; bcp.Status != overview.Unknown || bcp.SilentAfterLearned || bcp.SilentAfterSeconds != 3*3600 {
		t.Errorf("%s after %d s, learned %v", bcp.Status, bcp.SilentAfterSeconds, bcp.SilentAfterLearned)
	}
}
