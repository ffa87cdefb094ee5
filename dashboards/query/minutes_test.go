package query

import (
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

// Windows are stored by hour and day; a minute is asked of the visits.
func TestMinutesComeFromTheVisits(t *testing.T) {
	b := newBorder(t, "2026-01-05T09:44:30Z", torkham())
	// A local day begins at 19:30 UTC, an hour at half past.
	b.window(0, "TORKHAM", "inbound", "day", "2026-01-03T19:30:00Z", "arrivals", 5)
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T07:30:00Z", "arrivals", 2)
	b.window(1, "TORKHAM", "inbound", "hour", "2026-01-05T08:30:00Z", "crossing_time", 1, 3600)
	b.window(1, "TORKHAM", "inbound", "hour", "2026-01-05T09:30:00Z", "arrivals", 2)
	b.insert(`visits (shard, visit, as_of, bcp, direction, channel, status, first_fact, last_fact, arrived, released, departed,
			release_ms, release_net_ms, crossing_ms, crossing_net_ms, segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms) VALUES
		(0, 'soon', 3, 'TORKHAM', 'inbound', 'green', 'departed', '2026-01-05 09:35:10', '2026-01-05 09:43:00', '2026-01-05 09:35:10', '2026-01-05 09:42:30.500', '2026-01-05 09:43:00',
			440500, 440500, 470000, 470000, ['wait', 'exit'], ['customs', 'carrier'], ['2026-01-05 09:35:10', '2026-01-05 09:42:30.500'], [440500, 29500], [440500, 29500]),
		(1, 'long', 9, 'TORKHAM', 'inbound', 'red', 'inside', '2026-01-05 08:00:00', '2026-01-05 09:42:59', '2026-01-05 08:00:00', '2026-01-05 09:42:59', NULL,
			6179000, 6000000, NULL, NULL, ['wait'], ['customs'], ['2026-01-05 08:00:00'], [6179000], [6000000]),
		(1, 'new', 7, 'TORKHAM', 'inbound', '', 'inside', '2026-01-05 09:41:00', '2026-01-05 09:41:00', '2026-01-05 09:41:00', NULL, NULL,
			NULL, NULL, NULL, NULL, [], [], [], [], []),
		(1, 'new', 6, 'TORKHAM', 'inbound', '', 'inside', '2026-01-05 09:40:00', '2026-01-05 09:40:00', '2026-01-05 09:40:00', NULL, NULL,
			NULL, NULL, NULL, NULL, [], [], [], [], [])`)
	q := overview.HistoryQuery{ID: "TORKHAM", Measure: "release_time", Grain: window.Minute, From: at("2026-01-05T09:40:00Z"), To: at("2026-01-05T09:46:00Z")}
	h := b.history(q)
	if len(h.Windows) != 6 || h.Windows[0].End.Sub(h.Windows[0].Start) != time.Minute {
		t.Fatalf("%+v", h.Windows)
	}
	for i, inside := range []int64{7, 8, 8, 7, 7} { // 5 + 2 - 1, and one of half past nine
		is(t, "inside at the end of "+h.Windows[i].Start.String(), h.Windows[i].Inside, inside)
	}
	is(t, "releases at 9:41", h.Windows[1].N, 0)
	two := h.Windows[2]
	is(t, "releases at 9:42", two.N, 2)
	is(t, "sum", two.SumSeconds, 6619.5)
	is(t, "mean", two.MeanSeconds, 3309.75)
	is(t, "standard deviation", two.SDSeconds, 2869.25)
	is(t, "p50", two.P50Seconds, window.ValueOf(window.BinOf(440_500)))
	is(t, "p95", two.P95Seconds, window.ValueOf(window.BinOf(6_179_000)))
	is(t, "net sum", two.NetSumSeconds, 6440.5)
	is(t, "net p95", two.NetP95Seconds, window.ValueOf(window.BinOf(6_000_000)))
	if w := h.Windows[5]; w.N != nil || w.Reason != overview.Future {
		t.Errorf("a minute to come: %+v", w)
	}

	q.Filter = overview.Filter{Channel: "green"}
	is(t, "green releases", b.history(q).Windows[2].N, 1)
	q.Filter, q.Measure = overview.Filter{}, "arrivals"
	is(t, "arrivals", b.history(q).Windows[1].N, 1)
	q.Measure = "wait/customs"
	is(t, "waits that ended", b.history(q).Windows[2].N, 2)
}
