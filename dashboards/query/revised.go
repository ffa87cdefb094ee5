package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

func finality(final, revised bool) overview.Finality {
	switch {
	case !final:
		return overview.Provisional
	case revised:
		return overview.Revised
	}
	return overview.Final
}

// revised are the starts, in Unix seconds, of the windows of [from, q.To) of which late data has changed the measure after they were final, as
// far as restatements are kept. Minutes have none.
func (s *Source) revised(ctx context.Context, q overview.HistoryQuery, from time.Time) (map[int64]bool, error) {
	if q.Grain == window.Minute {
		return nil, nil
	}
	sql := `
SELECT DISTINCT toUnixTimestamp(start)
FROM ` + s.table("restatements") + `
WHERE bcp = {bcp:String} AND grain = {grain:String} AND measure IN ({counted:Array(String)})
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({to:Int64})`
	args := []any{clickhouse.Named("counted", window.CountedBy(q.Measure)), named("bcp", q.ID), named("grain", q.Grain), named("from", from.Unix()), named("to", q.To.Unix())}
	if q.Direction != "" { // restatements are over all channels and regimes
		sql, args = sql+" AND direction = {direction:String}", append(args, named("direction", q.Direction))
	}
	all := map[int64]bool{}
	return all, s.each(ctx, "restatements", sql, args, func(rows driver.Rows) error {
		var start uint32
		err := rows.Scan(&start)
		all[int64(start)] = true
		return err
	})
}
