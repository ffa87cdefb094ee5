package query

import (
	"testing"
	"time"

	"dwell/dashboards/board"
	"dwell/metrics/window"
)

// In one hour two trucks were released after 2 h and 10 h, of which the BCP was closed for 7 of the 10; in the hour before,
// in another shard, one after 1 h, all of it by day.
func TestTimesNetOfClosedHours(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", torkham())
	const hour = 3_600_000
	one := window.Aggregate{}
	one.Add(window.PartOf(window.ReleaseTime, 2*hour, 0, 1))
	one.Add(window.PartOf(window.ReleaseTime, 10*hour, 7*hour, 1))
	two := window.Aggregate{}
	two.Add(window.PartOf(window.ReleaseTime, hour, 0, 1))
	for _, measure := range []string{"release_time", "wait/customs"} {
		b.aggregate(0, "TORKHAM", "inbound", "hour", "2026-01-05T10:30:00Z", measure, 2, &one)
		b.aggregate(1, "TORKHAM", "outbound", "hour", "2026-01-05T09:30:00Z", measure, 1, &two)
	}
	b.insideNow(0, "TORKHAM", "inbound", "2026-01-05T11:55:00Z", 1, "'wait/customs', 1", "490858, 1")

	value := func(ms int64) float64 { return window.ValueOf(window.BinOf(ms)) }
	seen := b.board()
	for what, r := range map[string]board.ReleaseTime{"of the place": seen.BCPs[0].ReleaseTime, "of all": seen.Total.ReleaseTime} {
		is(t, what+": n", r.N, 3)
		is(t, what+": mean", r.MeanSeconds, 13*3600.0/3)
		is(t, what+": median", r.P50Seconds, value(2*hour))
		is(t, what+": net mean", r.NetMeanSeconds, 6*3600.0/3)
		is(t, what+": net median", r.NetP50Seconds, value(2*hour))
		is(t, what+": net p90", r.NetP90Seconds, value(3*hour))
	}
	held := seen.BCPs[0].Holders[0]
	if held.Seconds != 13*3600 || held.NetSeconds != 6*3600 || held.N != 3 {
		t.Errorf("held %+v", held)
	}
	past, err := b.Holders(t.Context(), "TORKHAM", at("2026-01-05T09:30:00Z"), at("2026-01-05T11:00:00Z"), board.Filter{Direction: "inbound"})
	if err != nil || past.Holders[0].Seconds != 12*3600 || past.Holders[0].NetSeconds != 5*3600 {
		t.Errorf("holders %+v, %v", past, err)
	}

	h := b.history(HistoryQuery{ID: "TORKHAM", Measure: "release_time", Grain: window.Hour, From: at("2026-01-05T09:30:00Z"), To: at("2026-01-05T11:00:00Z")})
	w := h.Windows[1]
	is(t, "sum", w.SumSeconds, 12*3600)
	is(t, "net sum", w.NetSumSeconds, 5*3600)
	is(t, "net mean", w.NetMeanSeconds, 2.5*3600)
	is(t, "net sd", w.NetSDSeconds, 0.5*3600)
	is(t, "net p50", w.NetP50Seconds, value(2*hour))
	is(t, "net p95", w.NetP95Seconds, value(3*hour))
	is(t, "net mean of an hour without closed ones", h.Windows[0].NetMeanSeconds, 3600)
	is(t, "net sd of an hour without closed ones", h.Windows[0].NetSDSeconds, 0)
	is(t, "net median of an hour without closed ones", h.Windows[0].NetP50Seconds, value(hour))

	// A closing that was told late took five of those hours away again.
	b.insert(`restatements (shard, offset, bcp, direction, grain, start, measure, n, sum_ms, net_ms)
		VALUES (0, 7, 'TORKHAM', 'inbound', 'hour', toDateTime(%d, 'UTC'), 'release_time', 0, 0, %d)`, at("2026-01-05T10:30:00Z").Unix(), -5*hour)
	changed, err := b.Restatements(t.Context(), RestatementsQuery{ID: "TORKHAM", From: at("2020-01-01T00:00:00Z"), To: time.Now().Add(time.Hour), Limit: 10})
	if err != nil || len(changed.Restatements) != 1 {
		t.Fatalf("%+v, %v", changed, err)
	}
	r := changed.Restatements[0]
	is(t, "mean before", r.Before.MeanSeconds, 6*3600)
	is(t, "mean after", r.After.MeanSeconds, 6*3600)
	is(t, "net mean before", r.Before.NetMeanSeconds, 5*3600)
	is(t, "net mean after", r.After.NetMeanSeconds, 2.5*3600)
}
