package query

import (
	"fmt"
	"testing"
	"time"

	"dwell/ingest/place"
)

// BenchmarkOverview reads the overview of eighteen busy places with a month of windows in four shards and 100,000 readings.
// While anybody watches, it is read once a second.
func BenchmarkOverview(b *testing.B) {
	var places []place.Place
	for i := range 18 {
		places = append(places, placeOf(fmt.Sprintf("P%d", i), "Asia/Kabul", torkham().SilentAfter))
	}
	s := newBorder(b, "2026-01-31T12:10:00Z", places...)
	// 18 places, 720 hours, 40 rows each: 10 measures in 4 combinations of direction, channel, regime and shard.
	s.insert(`windows (shard, bcp, direction, channel, regime, grain, start, measure, as_of, n, sum_ms, net_ms, sum_sq, bins)
SELECT number %% 4, 'P' || toString(intDiv(number, 40) %% 18), ['inbound', 'outbound'][number %% 2 + 1], ['green', 'red'][intDiv(number, 2) %% 2 + 1], 'import', 'hour',
    toDateTime('2026-01-31 12:30:00', 'UTC') - 3600 * intDiv(number, 720),
    ['arrivals', 'untimed_left', 'untimed_releases', 'untimed_departures', 'release_time', 'crossing_time', 'wait/customs', 'service/customs', 'hold/health', 'exit/carrier'][intDiv(number, 4) %% 10 + 1],
    1, 20, 1000000, 1000000, 50000000000, mapFromArrays(range(300, 320)::Array(Int16), arrayMap(x -> 1::UInt32, range(20)))
FROM numbers(518400)`)
	s.insert(`inside_now SELECT number %% 4, 'P' || toString(intDiv(number, 8) %% 18), ['inbound', 'outbound'][intDiv(number, 4) %% 2 + 1], 1, '2026-01-31 12:00:00', '2026-01-31 12:00:00', 100,
    arrayMap(i -> 1, range(100)), arrayMap(i -> toDateTime(1767600000 + i %% 2 * 36000), range(100)), arrayMap(i -> toDateTime(1767600000 + i * 900), range(100)),
    arrayMap(i -> ['wait', 'service', 'exit'][1 + i %% 3], range(100)), arrayMap(i -> ['unknown', 'customs', 'carrier'][1 + i %% 3], range(100)),
    arrayMap(i -> ['', 'green', 'red'][1 + i %% 3], range(100)), arrayMap(i -> ['truck.arrived', 'inspection.started', 'truck.released'][1 + i %% 3], range(100)),
    arrayMap(i -> ['', 'customs', ''][1 + i %% 3], range(100)), arrayMap(i -> ['', 'scan', ''][1 + i %% 3], range(100)), arrayMap(i -> '', range(100)),
    arrayMap(i -> if(i %% 3 = 2, ['border_police', 'customs'], []), range(100)) FROM numbers(144)`)
	s.insert(`readings SELECT 0, number, 'P' || toString(number %% 18), '', 'far', toString(number), 0, toDateTime64('2026-01-31 12:00:00', 3, 'UTC') - number,
    toDateTime64('2026-01-31 12:00:00', 3, 'UTC') - number AS at, 10, NULL, 60, 0, at FROM numbers(100000)`)
	// The first overview of an hour reads the baselines, and judges all readings.
	begin := time.Now()
	s.overview()
	first := time.Since(begin)
	for b.Loop() {
		if err := s.Refresh(b.Context()); err != nil {
			b.Fatal(err)
		}
		if _, err := s.Overview(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(first)/1e6, "ms/hour")
}
