package query

import (
	"context"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/place"
	"dwell/metrics/window"
)

// hour is what the hour windows of one BCP say, all directions, channels and regimes together.
type hour struct {
	counts  window.Counts
	release window.Aggregate
	// holders has the segments by measure, such as "wait/customs".
	holders map[string]segment
}

// segment is a number of segments and their time in milliseconds, also net of closed hours.
type segment struct{ n, ms, net int64 }

func (s segment) add(o segment) segment { return segment{s.n + o.n, s.ms + o.ms, s.net + o.net} }

// hours are those of each BCP by their start in Unix seconds. An hour that is missing has no window at all.
type hours map[string]map[int64]*hour

// plus is what two say together.
func (h *hour) plus(o *hour) *hour {
	sum := &hour{holders: map[string]segment{}}
	sum.add(h)
	sum.add(o)
	return sum
}

func (h *hour) add(o *hour) {
	h.counts.Merge(&o.counts)
	h.release.Merge(&o.release)
	for measure, g := range o.holders {
		h.holders[measure] = h.holders[measure].add(g)
	}
}

// readHours reads the hours of all BCPs that start at or after from, without what some shards say, of which SQL with arguments
// says more.
func (s *Source) readHours(ctx context.Context, from time.Time, without []int, which string, args ...any) (hours, error) {
	// Shards, directions, channels and regimes are added up by measure first, so that an hour is a few tuples and not hundreds.
	sql := `
SELECT bcp, toUnixTimestamp(start), groupArray((toString(measure), trucks, ms, net)),
    anyIf(same, measure = 'release_time'), anyIf(gross, measure = 'release_time'), anyIf(netted, measure = 'release_time')
FROM (
    SELECT bcp, start, measure, sum(n) AS trucks, sum(sum_ms) AS ms, sum(net_ms) AS net,
        ` + sketches("measure = 'release_time'") + `
    FROM ` + s.table("windows") + ` FINAL
    WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour' AND start >= fromUnixTimestamp({from:Int64})
        AND NOT has({without:Array(UInt16)}, shard) AND ` + which + `
    GROUP BY bcp, start, measure
)
GROUP BY bcp, start`
	all := hours{}
	args = append(args, named("from", from.Unix()), clickhouse.Named("ids", s.ids), clickhouse.Named("without", shardsOf(without)))
	err := s.each(ctx, "hours", sql, args, func(rows driver.Rows) error {
		var (
			bcp      string
			start    uint32
			h        = &hour{holders: map[string]segment{}}
			measures [][]any
			sketches sketchTexts
			closed   int64
		)
		err := rows.Scan(&bcp, &start, &measures, &sketches.same, &sketches.gross, &sketches.net)
		if err != nil {
			return err
		}
		for _, m := range measures {
			name, sum := m[0].(string), segment{m[1].(int64), m[2].(int64), m[3].(int64)}
			h.counts.AddName(name, sum.n)
			if name == "release_time" {
				h.release.N, h.release.Sum, closed = sum.n, sum.ms, sum.ms-sum.net
			} else if _, _, ok := cutMeasure(name); ok {
				h.holders[name] = sum
			}
		}
		if h.release.Bins, h.release.Net, err = sketches.parse(closed); err != nil {
			return err
		}
		if all[bcp] == nil {
			all[bcp] = map[int64]*hour{}
		}
		all[bcp][int64(start)] = h
		return nil
	})
	return all, err
}

func shardsOf(ids []int) []uint16 {
	shards := make([]uint16, len(ids))
	for i, id := range ids {
		shards[i] = uint16(id)
	}
	return shards
}

// cutMeasure splits the measure of a segment; counts of faults are not of segments.
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
