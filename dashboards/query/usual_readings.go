package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
	"dwell/metrics/usual"
)

// hourlyReadings adds to values what was read last before each hour of [from, until) began, in the hour before, of each queue that is shown, but for hours in which the BCP was
// closed. An hour without a reading is not known. A wait of zero beside vehicles counts for nothing.
func (s *Source) hourlyReadings(ctx context.Context, p *place.Place, from, until time.Time, values map[usual.Series][]usual.Value) error {
	sql := `
SELECT source, queue, toString(direction), toUnixTimestamp(toStartOfHour(toTimeZone(time, {zone:String}))) AS hour,
    argMaxIf(vehicles, time, isNotNull(vehicles)), argMaxIf(wait_seconds, time, isNotNull(wait_seconds) AND NOT (wait_seconds = 0 AND ifNull(vehicles, 0) > 0))
FROM ` + s.table("readings") + ` FINAL
WHERE bcp = {bcp:String} AND retracted = 0 AND time >= fromUnixTimestamp({from:Int64}) AND time < fromUnixTimestamp({until:Int64})
    AND (source, queue) IN (` + s.shownQueues() + `)
GROUP BY source, queue, direction, hour`
	openings := s.openings(p)
	args := []any{named("bcp", p.ID), named("zone", p.Zone), named("from", from.Add(-time.Hour).Unix()), named("until", until.Unix())}
	return s.each(ctx, "readings", sql, args, func(rows driver.Rows) error {
		var source, queue, direction string
		var hour uint32
		var vehicles, wait *uint64
		if err := rows.Scan(&source, &queue, &direction, &hour, &vehicles, &wait); err != nil {
			return err
		}
		b, d, err := s.codes(p.ID, direction)
		if err != nil {
			return err
		}
		start := time.Unix(int64(hour), 0)
		end := start.Add(time.Hour)
		if shutFor(openings, d, start, end) {
			return nil
		}
		for m, x := range map[usual.Measure]*uint64{usual.Vehicles: vehicles, usual.Wait: wait} {
			if x != nil {
				of := usual.Series{BCP: b, Direction: d, Measure: m, Source: source, Queue: queue}
				values[of] = append(values[of], usual.Value{Start: end, X: float64(*x)})
			}
		}
		return nil
	})
}
