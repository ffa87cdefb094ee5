package query

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"dwell/dashboards/board"
	"dwell/ingest/place"
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

// Hundreds of trucks were released in each of twelve hours, of all shards and directions, and in every other hour some of them
// while the BCP was closed: what a history says is what one sketch of all of them says, in ClickHouse or here.
func TestQuantilesOfAHistoryAreThoseOfTheSketch(t *testing.T) {
	always, closes := placeOf("ALWAYS", "UTC", 3*time.Hour), placeOf("CLOSES", "UTC", 3*time.Hour)
	closes.Calendar = &place.Calendar{}
	b := newBorder(t, "2026-01-05T12:00:00Z", always, closes)
	chance := rand.New(rand.NewPCG(5, 7))
	begin := at("2026-01-05T00:00:00Z")
	for _, p := range []string{"ALWAYS", "CLOSES"} {
		var all [12]window.Aggregate
		for i := range all {
			start := begin.Add(time.Duration(i) * time.Hour).Format(time.RFC3339)
			for shard := range 4 {
				for _, direction := range []string{"inbound", "outbound"} {
					var a window.Aggregate
					for range chance.IntN(90) {
						ms := int64(math.Exp(chance.Float64() * 18))
						part := window.PartOf(window.ReleaseTime, ms, ms*int64(i%2*chance.IntN(3))/3, 1)
						a.Add(part)
						all[i].Add(part)
					}
					b.aggregate(shard, p, direction, "hour", start, "release_time", int(a.N), &a)
				}
			}
		}
		h := b.history(HistoryQuery{ID: p, Measure: "release_time", Grain: window.Hour, From: begin, To: begin.Add(12 * time.Hour)})
		for i, w := range h.Windows {
			want, net := all[i].Bins, all[i].NetBins()
			is(t, w.Start.String()+" n", w.N, all[i].N)
			is(t, w.Start.String()+" p50", w.P50Seconds, want.Quantile(0.5))
			is(t, w.Start.String()+" p90", w.P90Seconds, want.Quantile(0.9))
			is(t, w.Start.String()+" p95", w.P95Seconds, want.Quantile(0.95))
			is(t, w.Start.String()+" net p50", w.NetP50Seconds, net.Quantile(0.5))
			is(t, w.Start.String()+" net p90", w.NetP90Seconds, net.Quantile(0.9))
			is(t, w.Start.String()+" net p95", w.NetP95Seconds, net.Quantile(0.95))
		}
	}
}
