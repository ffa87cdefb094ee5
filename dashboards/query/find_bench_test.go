package query

import (
	"flag"
	"fmt"
	"slices"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
)

var (
	benchMonths = flag.Int("find.months", 3, "how many months of visits BenchmarkFind has")
	benchVisits = flag.Int("find.visits", 20_000, "how many visits each month has, at ten places, the first of them with a third")
)

// fillMonths writes months of visits up to the end of 2026, with ids in no order of time. A visit in 500 of the last
// month is inside, few of those before, and half of the last month's have an outdated row.
func fillMonths(b *testing.B, s *database, months, visits int) {
	for m := range months {
		start := time.Date(2026, time.December-time.Month(m), 1, 0, 0, 0, 0, time.UTC)
		rows := func(from, n int, asOf, over string) {
			s.insert(`visits (shard, visit, month, as_of, bcp, direction, channel, regime, status, over, first_fact, last_fact, arrived, released, departed, release_ms, crossing_ms, release_net_ms, crossing_net_ms,
    segment_phase, segment_holder, segment_start, segment_ms, segment_net_ms, phase, holder, since, facts)
WITH sipHash64(number, %[1]d) AS h, (h %% %[9]d = 0 OR %[5]s) AS inside, toDateTime64('%[2]s', 3, 'UTC') + intDiv(number * 2592000, %[3]d) AS at, at + h %% 7200 AS came, came + 3600 + h %% 100000 AS let, let + h %% 9000 AS left
SELECT h %% 12, lower(hex(h)), %[4]d, number %% 100000 + %[6]s, 'P' || toString(h %% 15 < 5 ? 0 : h %% 9 + 1), h %% 2 ? 'inbound' : 'outbound', ['green', 'yellow', 'red'][h %% 3 + 1], 'import', inside ? 'inside' : 'departed', NOT inside,
    at, inside ? came : left, came, inside ? NULL : let, inside ? NULL : left, inside ? NULL : 1000, inside ? NULL : 2000, inside ? NULL : 1000, inside ? NULL : 2000,
    ['wait', 'service', 'wait', 'exit'], ['customs', 'customs', 'trader', 'carrier'], [came, came + 60, came + 600, let], [60000, 540000, 1000, 2000], [60000, 540000, 1000, 2000], inside ? 'service' : '', inside ? ['customs', 'health'][h %% 3 = 0 ? 2 : 1] : '', inside ? came : NULL,
    repeat(hex(h), 8)
FROM numbers(%[7]d, %[8]d)`, m, start.Format(time.DateTime), visits, start.Year()*100+int(start.Month()), over, asOf, from, n, map[bool]int{true: 500, false: 100_000}[m == 0])
		}
		const chunk = 250_000
		for from := 0; from < visits; from += chunk {
			n := min(chunk, visits-from)
			if m == 0 {
				rows(from, n/2, "1", "1")
			}
			rows(from, n, "2", "0")
		}
	}
}

// BenchmarkFind asks for pages of a month of the busiest of ten places. Its time should follow the visits of the month, however many months
// there are.
func BenchmarkFind(b *testing.B) {
	var places []place.Place
	for i := range 10 {
		places = append(places, placeOf(fmt.Sprintf("P%d", i), "Asia/Kabul", torkham().SilentAfter))
	}
	s := newBorder(b, "2026-12-31T00:00:00Z", places...)
	fillMonths(b, s, *benchMonths, *benchVisits)
	month := overview.VisitsQuery{By: overview.ByArrival, From: at("2026-12-01T00:00:00Z"), To: at("2026-12-31T00:00:00Z")}
	of := func(change func(*overview.VisitsQuery)) overview.VisitsQuery {
		q := month
		q.Place, q.Limit = "P0", 50
		change(&q)
		return q
	}
	any := func(q *overview.VisitsQuery) { q.By = "" }
	for _, c := range []struct {
		name string
		overview.VisitsQuery
	}{
		{"month", of(func(*overview.VisitsQuery) {})},
		{"month_of_all_places", of(func(q *overview.VisitsQuery) { q.Place = "" })},
		{"month_by_departure", of(func(q *overview.VisitsQuery) { q.By = overview.ByDeparture })},
		{"month_of_a_channel", of(func(q *overview.VisitsQuery) { q.Channel, q.Direction, q.Status = "red", "inbound", "departed" })},
		{"month_from_its_middle", of(func(q *overview.VisitsQuery) {
			q.After = &overview.Cursor{AtMs: at("2026-12-15T00:00:00Z").UnixMilli()}
		})},
		{"an_earlier_month", of(func(q *overview.VisitsQuery) { q.From, q.To = at("2026-10-01T00:00:00Z"), at("2026-11-01T00:00:00Z") })},
		{"month_500", of(func(q *overview.VisitsQuery) { q.Limit = 500 })},
		{"prefix", of(func(q *overview.VisitsQuery) { any(q); q.Place, q.Prefix = "", "abcd" })},
		{"inside", of(func(q *overview.VisitsQuery) { any(q); q.Inside, q.OldestFirst = true, true })},
		{"held", of(func(q *overview.VisitsQuery) { any(q); q.Inside, q.Holder = true, "health" })},
	} {
		b.Run(c.name, func(b *testing.B) {
			var all []time.Duration
			for b.Loop() {
				begin := time.Now()
				found, _, err := s.find(b.Context(), c.VisitsQuery)
				if err != nil || len(found) == 0 {
					b.Fatal(len(found), err)
				}
				all = append(all, time.Since(begin))
			}
			slices.Sort(all)
			b.ReportMetric(float64(all[0])/1e6, "ms/best")
			b.ReportMetric(float64(all[len(all)*95/100])/1e6, "ms/p95")
		})
	}
}
