package query

import (
	"testing"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

// The watermark is at 11:00. A truck of 08 came late, and one of 09 that went the other way; what came late at 11 found a window that was
// not final.
func TestHistorySaysWhichWindowsMayChangeAndWhichHave(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", placeOf("A", "UTC", 24*3600e9))
	for _, start := range []string{"07", "08", "09", "10", "11"} {
		b.window(0, "A", "inbound", "hour", "2026-01-05T"+start+":00:00Z", "arrivals", 4)
	}
	b.insert("progress (shard, offset, as_of, latest, watermark) VALUES (0, 5, 5, '2026-01-05 12:00:00', '2026-01-05 11:00:00')")
	for _, row := range []string{
		"'inbound', 'hour', '2026-01-05 08:00:00', 'arrivals'", "'outbound', 'hour', '2026-01-05 09:00:00', 'arrivals'", "'inbound', 'day', '2026-01-05 00:00:00', 'arrivals'",
		"'inbound', 'hour', '2026-01-05 10:00:00', 'refusals'", "'inbound', 'hour', '2026-01-05 10:00:00', 'untimed_releases'",
	} {
		b.insert("restatements (shard, offset, bcp, direction, grain, start, measure, n) VALUES (0, 9, 'A', %s, 1)", row)
	}
	for name, c := range map[string]struct {
		q    overview.HistoryQuery
		want string
	}{
		"arrivals": {overview.HistoryQuery{Measure: "arrivals"}, "final revised revised final provisional "},
		"inbound":  {overview.HistoryQuery{Measure: "arrivals", Filter: overview.Filter{Direction: "inbound"}}, "final revised final final provisional "},
		"a total":  {overview.HistoryQuery{Measure: "releases"}, "final final final revised provisional "},
	} {
		c.q.ID, c.q.Grain, c.q.From, c.q.To = "A", window.Hour, at("2026-01-05T07:00:00Z"), at("2026-01-05T12:00:00Z")
		got := ""
		for _, w := range b.history(c.q).Windows {
			got += string(w.Finality) + " "
			if w.Final != (w.Finality != overview.Provisional) {
				t.Errorf("%s: final is %v, and finality %s", name, w.Final, w.Finality)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	minute := b.history(overview.HistoryQuery{ID: "A", Measure: "arrivals", Grain: window.Minute, From: at("2026-01-05T08:00:00Z"), To: at("2026-01-05T08:01:00Z")}).Windows[0]
	if minute.Finality != overview.Final {
		t.Errorf("a minute of 08 is %s", minute.Finality)
	}
}
