package query

import (
	"context"
	"fmt"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

// Restatements reads the latest ones. A row says by how much an event changed a window; what the window said after it
// is what it says now less all changes since.
func (s *Source) Restatements(ctx context.Context, q overview.RestatementsQuery) (*overview.Restatements, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	filter, args := "", []any{named("bcp", q.ID), named("from", q.From.UnixMilli()), named("to", q.To.UnixMilli())}
	if q.Grain != "" {
		filter, args = filter+" AND grain = {grain:String}", append(args, named("grain", q.Grain))
	}
	if q.Measure != "" {
		filter, args = filter+" AND measure IN ({measures:Array(String)})", append(args, clickhouse.Named("measures", window.CountedBy(q.Measure)))
	}
	changed := "SELECT grain, start, measure, direction FROM " + s.table("restatements") + `
        WHERE bcp = {bcp:String} AND written_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')` + filter
	// Within a shard the order is that of the offsets, even where a row was written again. Names are joined as text, since USING
	// yields numbers where one table's enumeration has names that the other's lacks.
	sql := `
SELECT c.restated, toString(c.direction), toString(c.measure), toString(c.grain), c.start,
    w.n - c.n_since, w.sum_ms - c.sum_since, w.net_ms - c.net_since, c.n, c.sum_ms, c.net_ms, e.type, e.id, e.source, e.subject, e.time
FROM (
    SELECT *, sum(n) OVER since AS n_since, sum(sum_ms) OVER since AS sum_since, sum(net_ms) OVER since AS net_since
    FROM (
        SELECT *, max(written_at) OVER (PARTITION BY shard ORDER BY offset) AS restated
        FROM ` + s.table("restatements") + ` FINAL
        WHERE bcp = {bcp:String} AND (grain, start, measure, direction) IN (` + changed + `)
    )
    WINDOW since AS (
        PARTITION BY grain, start, measure, direction
        ORDER BY restated, shard, offset ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING)
) AS c
LEFT JOIN (
    SELECT grain, start, measure, direction, sum(n) AS n, sum(sum_ms) AS sum_ms, sum(net_ms) AS net_ms
    FROM ` + s.table("windows") + ` FINAL
    WHERE bcp = {bcp:String} AND (grain, start, measure, direction) IN (` + changed + `)
    GROUP BY grain, start, measure, direction
) AS w ON c.grain = w.grain AND c.start = w.start AND toString(c.measure) = toString(w.measure) AND toString(c.direction) = toString(w.direction)
LEFT JOIN (
    SELECT shard, offset, type, id, source, subject, time
    FROM ` + s.table("events") + `
    WHERE (shard, offset) IN (
        SELECT shard, offset FROM ` + s.table("restatements") + `
        WHERE bcp = {bcp:String} AND written_at >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')` + filter + `)
    LIMIT 1 BY shard, offset
) AS e USING (shard, offset)
WHERE c.restated >= fromUnixTimestamp64Milli({from:Int64}, 'UTC') AND c.restated < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
ORDER BY c.restated DESC, c.shard DESC, c.offset DESC, c.grain, c.start, toString(c.measure), toString(c.direction)
LIMIT ` + fmt.Sprint(q.Limit+1)
	out := &overview.Restatements{ID: q.ID, From: q.From.UTC(), To: q.To.UTC(), Restatements: []overview.Restatement{}}
	err = s.each(ctx, "restatements", sql, args, func(rows driver.Rows) error {
		var r overview.Restatement
		var n, sum, net, byN, bySum, byNet int64
		err := rows.Scan(&r.Restated, &r.Direction, &r.Measure, &r.Grain, &r.Start, &n, &sum, &net, &byN, &bySum, &byNet,
			&r.Because.Type, &r.Because.ID, &r.Because.Source, &r.Because.Visit, &r.Because.Time)
		r.Before, r.After = figure(r.Measure, n, sum, net), figure(r.Measure, n+byN, sum+bySum, net+byNet)
		out.Restatements = append(out.Restatements, r)
		return err
	})
	if len(out.Restatements) > q.Limit {
		out.Restatements, out.Truncated = out.Restatements[:q.Limit], true
	}
	return out, err
}

func figure(measure string, n, sumMs, netMs int64) overview.Figure {
	f := overview.Figure{N: n}
	if n != 0 && window.KindOf(measure) == window.Time {
		mean := float64(sumMs) / float64(n) / 1000
		netMean := float64(netMs) / float64(n) / 1000
		f.MeanSeconds, f.NetMeanSeconds = &mean, &netMean
	}
	return f
}
