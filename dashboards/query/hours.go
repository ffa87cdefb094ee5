package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
	"dwell/metrics/window"
)

// hour is what the hour windows of one BCP say, all directions, channels and regimes together.
type hour struct {
	arrivals, releases, departures, left int64
	release                              window.Aggregate
	// holders has the segments by measure, such as "wait/customs".
	holders map[string]segment
}

// segment is a number of segments and their time in milliseconds, also net of closed hours.
type segment struct{ n, ms, net int64 }

func (s segment) add(o segment) segment { return segment{s.n + o.n, s.ms + o.ms, s.net + o.net} }

// hours are those of each BCP by their start in Unix seconds. An hour that is missing has no window at all.
type hours map[string]map[int64]*hour

// readHours reads the hours of all BCPs that start at or after from, of which SQL with arguments says more.
func (s *Source) readHours(ctx context.Context, from time.Time, which string, args ...any) (hours, error) {
	// Shards, directions, channels and regimes are added up by measure first, so that an hour is a few tuples and not hundreds.
	sql := `
SELECT bcp, toUnixTimestamp(start), sumIf(trucks, measure = 'arrivals'), sumIf(trucks, measure = 'releases'),
    sumIf(trucks, measure = 'departures'), sumIf(trucks, measure = 'left'),
    sumIf(trucks, measure = 'release_time'), sumIf(ms, measure = 'release_time'), sumIf(net, measure = 'release_time'),
    anyIf(same, measure = 'release_time'), anyIf(gross, measure = 'release_time'), anyIf(netted, measure = 'release_time'),
    groupArrayIf((toString(measure), trucks, ms, net), position(measure, '/') > 0)
FROM (
    SELECT bcp, start, measure, sum(n) AS trucks, sum(sum_ms) AS ms, sum(net_ms) AS net,
        ` + sketches("measure = 'release_time'", "same", "gross", "netted") + `
    FROM ` + s.table("windows") + ` FINAL
    WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour' AND start >= fromUnixTimestamp({from:Int64}) AND ` + which + `
    GROUP BY bcp, start, measure
)
GROUP BY bcp, start`
	all := hours{}
	args = append(args, named("from", from.Unix()), clickhouse.Named("ids", s.ids))
	err := s.each(ctx, "hours", sql, args, func(rows driver.Rows) error {
		var (
			bcp      string
			start    uint32
			h        = &hour{holders: map[string]segment{}}
			net      int64
			sketches [3][]any
			segments [][]any
		)
		if err := rows.Scan(&bcp, &start, &h.arrivals, &h.releases, &h.departures, &h.left,
			&h.release.N, &h.release.Sum, &net, &sketches[0], &sketches[1], &sketches[2], &segments); err != nil {
			return err
		}
		h.release.Bins, h.release.Net = toSketches(h.release.Sum-net, sketches)
		for _, g := range segments {
			measure := g[0].(string)
			h.holders[measure] = h.holders[measure].add(segment{g[1].(int64), g[2].(int64), g[3].(int64)})
		}
		if all[bcp] == nil {
			all[bcp] = map[int64]*hour{}
		}
		all[bcp][int64(start)] = h
		return nil
	})
	return all, err
}

// toBins reads a tuple of indices and counts, which are in no order.
func toBins(tuple []any) window.Bins {
	index, count := tuple[0].([]int16), tuple[1].([]uint64)
	bins := make(window.Bins, 0, len(index))
	for i := range index {
		if count[i] > 0 {
			bins = append(bins, window.Bin{Index: index[i], Count: int32(count[i])})
		}
	}
	slices.SortFunc(bins, func(a, b window.Bin) int { return cmp.Compare(a.Index, b.Index) })
	return bins
}

// sketches are three columns of SQL: the sketch of the rows whose net durations are the same and so not written, and the
// gross and the net one of the others. So no row is added up twice, and none is where all are the same.
func sketches(condition, same, gross, net string) string {
	// Of a Map itself sumMap is twice as fast as of the arrays of its keys and values, and gives no order.
	sum := func(bins, of, as string) string {
		return fmt.Sprintf("(mapKeys(sumMapIf(%s, %s AND net_ms %s sum_ms) AS sum_of_%s), mapValues(sum_of_%[4]s)) AS %[4]s", bins, condition, of, as)
	}
	return sum("bins", "=", same) + ", " + sum("bins", "!=", gross) + ", " + sum("net_bins", "!=", net)
}

// toSketches is what these columns and the closed time come to.
func toSketches(closed int64, columns [3][]any) (window.Bins, window.Net) {
	gross := toBins(columns[0])
	if closed == 0 {
		return and(gross, columns[1]), window.Net{}
	}
	net := toBins(columns[0])
	return and(gross, columns[1]), window.Net{Closed: closed, Bins: and(net, columns[2])}
}

// and adds the bins of a tuple.
func and(bins window.Bins, tuple []any) window.Bins {
	for _, b := range toBins(tuple) {
		bins = bins.Add(b.Index, b.Count)
	}
	return bins
}

// cutMeasure splits the measure of a segment; counts of faults are no segments.
func cutMeasure(measure string) (phase, holder string, ok bool) {
	phase, holder, ok = strings.Cut(measure, "/")
	return phase, holder, ok && phase != "incomplete" && phase != "inconsistent"
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
