package query

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// In one hour two trucks were released after 2 h and 10 h, of which the BCP was closed for 7 of the 10; in the hour before,
// in another shard, one after 1 h, all of it by day.
func TestTimesNetOfClosedHours(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", torkham())
	const hour = 3_600_000
	one := window.Aggregate{}
	one.Add(window.IncrementOf(window.ReleaseTime, 2*hour, 0, 1))
	one.Add(window.IncrementOf(window.ReleaseTime, 10*hour, 7*hour, 1))
	two := window.Aggregate{}
	two.Add(window.IncrementOf(window.ReleaseTime, hour, 0, 1))
	for _, measure := range []string{"release_time", "wait/customs"} {
		b.aggregate(0, "TORKHAM", "inbound", "hour", "2026-01-05T10:30:00Z", measure, 2, &one)
		b.aggregate(1, "TORKHAM", "outbound", "hour", "2026-01-05T09:30:00Z", measure, 1, &two)
	}
	b.insideNow(0, "TORKHAM", "inbound", "2026-01-05T11:55:00Z", 1, "wait customs 490858: 1")

	value := func(ms int64) float64 { return window.ValueOf(window.BinOf(ms)) }
	seen := b.overview()
	for what, r := range map[string]overview.ReleaseTime{"of the place": seen.Places[0].ReleaseTime, "of all": seen.Total.ReleaseTime} {
		is(t, what+": n", r.N, 3)
		is(t, what+": mean", r.MeanSeconds, 13*3600.0/3)
		is(t, what+": median", r.P50Seconds, value(2*hour))
		is(t, what+": net mean", r.NetMeanSeconds, 6*3600.0/3)
		is(t, what+": net median", r.NetP50Seconds, value(2*hour))
		is(t, what+": net p90", r.NetP90Seconds, value(3*hour))
	}
	held := seen.Places[0].Holders[0]
	if held.Seconds != 13*3600 || held.NetSeconds != 6*3600 || held.N != 3 {
		t.Errorf("held %+v", held)
	}
	past, err := b.Holders(t.Context(), "TORKHAM", at("2026-01-05T09:30:00Z"), at("2026-01-05T11:00:00Z"), overview.Filter{Direction: "inbound"})
	if err != nil || past.Holders[0].Seconds != 12*3600 || past.Holders[0].NetSeconds != 5*3600 {
		t.Errorf("holders %+v, %v", past, err)
	}

	h := b.history(overview.HistoryQuery{ID: "TORKHAM", Measure: "release_time", Grain: window.Hour, From: at("2026-01-05T09:30:00Z"), To: at("2026-01-05T11:00:00Z")})
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

	// A closing that was reported late took five of those hours away again.
	b.insert(`restatements (shard, offset, bcp, direction, grain, start, measure, n, sum_ms, net_ms)
		VALUES (0, 7, 'TORKHAM', 'inbound', 'hour', toDateTime(%d, 'UTC'), 'release_time', 0, 0, %d)`, at("2026-01-05T10:30:00Z").Unix(), -5*hour)
	changed, err := b.Restatements(t.Context(), overview.RestatementsQuery{ID: "TORKHAM", From: at("2020-01-01T00:00:00Z"), To: time.Now().Add(time.Hour), Limit: 10})
	if err != nil || len(changed.Restatements) != 1 {
		t.Fatalf("%+v, %v", changed, err)
	}
	r := changed.Restatements[0]
	is(t, "mean before", r.Before.MeanSeconds, 6*3600)
	is(t, "mean after", r.After.MeanSeconds, 6*3600)
	is(t, "net mean before", r.Before.NetMeanSeconds, 5*3600)
	is(t, "net mean after", r.After.NetMeanSeconds, 2.5*3600)
}

// Hundreds of trucks crossed in each of twelve days and hours, in all shards and directions. At one place none was kept waiting
// by a closing, at the others some were in every other window, a few for as long as they were there; one of these places is
// closed by its calendar, and of the other no closing was ever reported. What ClickHouse says of them in a history is what one
// aggregate of all says here.
func TestHistoryEqualsOneAggregateOfAllTrucks(t *testing.T) {
	never, unreported, closes := placeOf("NEVER", "UTC", 48*time.Hour), placeOf("UNREPORTED", "UTC", 48*time.Hour), placeOf("CLOSES", "UTC", 48*time.Hour)
	closes.Calendar = &place.Calendar{}
	b := newBorder(t, "2026-01-13T00:00:00Z", never, unreported, closes)
	chance := rand.New(rand.NewPCG(5, 7))
	const windows = 12
	for _, p := range []string{"NEVER", "UNREPORTED", "CLOSES"} {
		for grain, length := range map[window.Grain]time.Duration{window.Hour: time.Hour, window.Day: 24 * time.Hour} {
			begin := at("2026-01-13T00:00:00Z").Add(-windows * length)
			for _, measure := range []string{"release_time", "crossing_time", "wait/customs"} {
				var all, inbound [windows]window.Aggregate
				var rows []string
				for i := range all {
					start := begin.Add(time.Duration(i) * length).Format(time.RFC3339)
					for shard := range 3 {
						for _, direction := range []string{"inbound", "outbound"} {
							var a window.Aggregate
							for range chance.IntN(60) {
								ms := int64(math.Exp(chance.Float64() * 18))
								var shut int64
								if p != "NEVER" && i%2 == 1 {
									shut = ms * int64(chance.IntN(4)) / 3
								}
								increment := window.IncrementOf(window.ReleaseTime, ms, shut, 1)
								a.Add(increment)
								all[i].Add(increment)
								if direction == "inbound" {
									inbound[i].Add(increment)
								}
							}
							rows = append(rows, b.row(shard, p, direction, grain.String(), start, measure, int(a.N), &a))
						}
					}
				}
				b.aggregates(rows...)
				q := overview.HistoryQuery{ID: p, Measure: measure, Grain: grain, From: begin, To: begin.Add(windows * length)}
				what := p + " " + grain.String() + " " + measure
				check(t, what, b.history(q), all[:])
				q.Filter = overview.Filter{Direction: "inbound"}
				check(t, what+" inbound", b.history(q), inbound[:])
			}
		}
	}
}

func check(t *testing.T, what string, h *overview.History, want []window.Aggregate) {
	t.Helper()
	if len(h.Windows) != len(want) {
		t.Fatalf("%s: %d windows, want %d", what, len(h.Windows), len(want))
	}
	for i, w := range h.Windows {
		what, n := what+" "+w.Start.String(), float64(want[i].N)
		bins, net := want[i].Bins, want[i].NetBins()
		sum, netSum := float64(want[i].Sum)/1000, float64(want[i].Sum-want[i].Net.Closed)/1000
		is(t, what+" n", w.N, want[i].N)
		is(t, what+" sum", w.SumSeconds, sum)
		is(t, what+" mean", w.MeanSeconds, sum/n)
		is(t, what+" p50", w.P50Seconds, bins.Quantile(0.5))
		is(t, what+" p90", w.P90Seconds, bins.Quantile(0.9))
		is(t, what+" p95", w.P95Seconds, bins.Quantile(0.95))
		is(t, what+" net sum", w.NetSumSeconds, netSum)
		is(t, what+" net mean", w.NetMeanSeconds, netSum/n)
		is(t, what+" net p50", w.NetP50Seconds, net.Quantile(0.5))
		is(t, what+" net p90", w.NetP90Seconds, net.Quantile(0.9))
		is(t, what+" net p95", w.NetP95Seconds, net.Quantile(0.95))
	}
}

// The only truck of an hour was taken back. None is left, and so no time: not the shortest that there is.
func TestHourWhoseOnlyTruckWasRetractedHasNoTimes(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:00:00Z", torkham())
	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T09:30:00Z", "release_time", 0)
	q := overview.HistoryQuery{ID: "TORKHAM", Measure: "release_time", Grain: window.Hour, From: at("2026-01-05T09:30:00Z"), To: at("2026-01-05T10:30:00Z")}
	w := b.history(q).Windows[0]
	is(t, "n", w.N, 0)
	null(t, "p50", w.P50Seconds)
	null(t, "net p95", w.NetP95Seconds)
	null(t, "mean", w.MeanSeconds)
	if w.Reason != overview.NoValues {
		t.Errorf("reason %q", w.Reason)
	}
}
