package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
	"dwell/metrics/window"
)

// readHours reads the hours that start at or after from, each as one shard has it, of all directions, channels and regimes
// together. SQL with arguments says which; nothing of an hour is left out.
func (s *Source) readHours(ctx context.Context, from time.Time, which string, args []any, yield func(shard int, at hourOf, sum *window.HourSum)) error {
	// Directions, channels and regimes are added up by measure first, so that an hour is a few tuples and not hundreds.
	sql := `
SELECT shard, bcp, toUnixTimestamp(start), groupArray((toString(measure), trucks, ms, net)),
    anyIf(same, measure = 'release_time'), anyIf(gross, measure = 'release_time'), anyIf(netted, measure = 'release_time')
FROM (
    SELECT shard, bcp, start, measure, sum(n) AS trucks, sum(sum_ms) AS ms, sum(net_ms) AS net,
        ` + sketches("measure = 'release_time'") + `
    FROM ` + s.table("windows") + ` FINAL
    WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour' AND start >= fromUnixTimestamp({from:Int64}) AND ` + which + `
    GROUP BY shard, bcp, start, measure
)
GROUP BY shard, bcp, start`
	args = append(args, named("from", from.Unix()), clickhouse.Named("ids", s.ids))
	return s.each(ctx, "hours", sql, args, func(rows driver.Rows) error {
		var (
			shard    uint16
			bcp      string
			start    uint32
			sum      = &window.HourSum{}
			measures [][]any
			sketches sketchTexts
		)
		err := rows.Scan(&shard, &bcp, &start, &measures, &sketches.same, &sketches.gross, &sketches.net)
		if err != nil {
			return err
		}
		for _, m := range measures {
			measure, err := window.ParseMeasure(m[0].(string), s.voc)
			if err != nil {
				return err
			}
			n, ms, net := m[1].(int64), m[2].(int64), m[3].(int64)
			a := window.Aggregate{Sums: window.Sums{N: n, Sum: ms}}
			if measure == window.ReleaseTime {
				if a.Bins, a.Net, err = sketches.parse(ms - net); err != nil {
					return err
				}
			} else {
				a.Net.Closed = ms - net
			}
			sum.Add(measure, &a)
		}
		b, _, err := s.codes(bcp, "")
		if err != nil {
			return err
		}
		yield(int(shard), hourOf{b, int32(start / 60)}, sum)
		return nil
	})
}

// startsOfHours are the starts of n local hours of a place, the last of which has now in it.
func startsOfHours(p *place.Place, now time.Time, n int) []time.Time {
	starts := make([]time.Time, n)
	at := now
	for i := n - 1; i >= 0; i-- {
		starts[i] = startOf(window.Hour, at, p.Zone)
		at = starts[i].Add(-time.Minute)
	}
	return starts
}

// startOf is the start of the window of a place's time zone that has t in it.
func startOf(g window.Grain, t time.Time, zone *time.Location) time.Time {
	clock := window.NewClock(zone)
	return instant(clock.In(windowAt(g, t), g).Start)
}

// endOf is the end of the window that starts at start.
func endOf(g window.Grain, start time.Time, zone *time.Location) time.Time {
	clock := window.NewClock(zone)
	return instant(clock.End(windowAt(g, start)))
}

func windowAt(g window.Grain, t time.Time) window.Key {
	return window.Key{Start: window.MinuteOf(t.UnixMilli()), Grain: g}
}

func instant(minute int32) time.Time { return time.Unix(int64(minute)*60, 0).UTC() }
