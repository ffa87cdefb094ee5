package clickhouse

import (
	"context"
	"fmt"
	"slices"

	driver "github.com/ClickHouse/clickhouse-go/v2"
	rowsof "github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

const (
	windowColumns = `SELECT bcp, direction, channel, regime, toInt8(grain), toUInt32(start), measure, as_of, n, sum_ms,
		toUInt64(bitShiftRight(sum_sq, 64)), toUInt64(bitAnd(sum_sq, 18446744073709551615)), mapKeys(bins), mapValues(bins),
		sum_ms - net_ms, toUInt64(bitShiftRight(net_sq, 64)), toUInt64(bitAnd(net_sq, 18446744073709551615)), mapKeys(net_bins), mapValues(net_bins) `

	// It filters by the sorting key alone, so it gives the same before and after the merge.
	recentWindows = windowColumns + `FROM windows FINAL WHERE shard = ? AND start > fromUnixTimestamp(?)
		AND start > fromUnixTimestamp(if(grain = 'hour', ?, ?))`

	// FINAL would merge the parts around each key, which takes more than twice the CPU time of these few rows.
	windowsByKey = windowColumns + `FROM windows PREWHERE shard = ?
		AND (bcp, grain, start, measure, direction, channel, regime) IN (?)` + lastOfEach

	// A row that is ahead can only be superseded by another that is ahead, so these need no FINAL, and the index of as_of
	// skips all others.
	aheadWindows = windowColumns + `FROM windows PREWHERE shard = ? AND as_of > ?` + lastOfEach

	lastOfEach = ` ORDER BY as_of DESC LIMIT 1 BY bcp, grain, start, measure, direction, channel, regime`
)

// The longest that a window of each grain lasts, in seconds; a local day may have 25 hours.
const longestHour, longestDay = 3600, 25 * 3600

// RecentWindows yields every window that ends after the horizon (Unix milliseconds) or has an AsOf above progress, some of
// them twice, and days that ended up to two hours before the horizon.
func (s *Store) RecentWindows(ctx context.Context, shard int, horizon, progress int64, yield func(*window.Row) error) error {
	after := func(length int64) int64 { return min(max(0, floor(horizon, 1000)-length), latestStart) }
	rows, err := s.conn.Query(ctx, recentWindows, shard,
		after(longestDay), after(longestHour), after(longestDay))
	if err == nil {
		err = s.eachWindow(rows, yield)
	}
	if err == nil {
		if rows, err = s.conn.Query(ctx, aheadWindows, shard, progress); err == nil {
			err = s.eachWindow(rows, yield)
		}
	}
	if err != nil {
		return fmt.Errorf("read table windows: %w", damaged(err))
	}
	return nil
}

// latestStart is the latest instant of a DateTime, in Unix seconds.
const latestStart = 1<<32 - 1

func floor(v, by int64) int64 {
	if v < 0 {
		v -= by - 1
	}
	return v / by
}

// Windows returns the stored rows of these windows, in no particular order.
func (s *Store) Windows(ctx context.Context, shard int, keys []window.Key) ([]window.Row, error) {
	tuples := make([]driver.GroupSet, len(keys))
	for i, k := range keys {
		tuples[i] = driver.GroupSet{Value: []any{
			s.voc.BCPName(k.BCP), k.Grain.String(), int64(k.Start) * 60, k.Measure.Name(s.voc),
			k.Direction.String(), k.Channel.String(), k.Regime.String(),
		}}
	}
	var found []window.Row
	for chunk := range chunks(tuples, func(t driver.GroupSet) int { return 100 + len(t.Value[0].(string)) + len(t.Value[3].(string)) }) {
		rows, err := s.conn.Query(ctx, windowsByKey, shard, chunk)
		if err == nil {
			err = s.eachWindow(rows, func(r *window.Row) error {
				found = append(found, *r)
				return nil
			})
		}
		if err != nil {
			return nil, fmt.Errorf("read table windows: %w", damaged(err))
		}
	}
	return found, nil
}

func (s *Store) eachWindow(rows rowsof.Rows, yield func(*window.Row) error) error {
	defer func() { _ = rows.Close() }()
	var (
		bcp, direction, channel, regime, measure string

		grain               int8
		start               uint32
		asOf                uint64
		indexes, netIndexes []int16
		counts, netCounts   []uint32
		measures            = map[string]window.Measure{}
	)
	for rows.Next() {
		r := window.Row{}
		if err := rows.Scan(&bcp, &direction, &channel, &regime, &grain, &start, &measure, &asOf,
			&r.N, &r.Sum, &r.SumSquares.Hi, &r.SumSquares.Lo, &indexes, &counts,
			&r.Net.Closed, &r.Net.SumSquares.Hi, &r.Net.SumSquares.Lo, &netIndexes, &netCounts); err != nil {
			return err
		}
		var err error
		if r.Key.BCP, r.Key.Direction, err = s.place(bcp, direction); err != nil {
			return err
		}
		known := false
		if r.Key.Measure, known = measures[measure]; !known {
			if r.Key.Measure, err = window.ParseMeasure(measure, s.voc); err != nil {
				return err
			}
			measures[measure] = r.Key.Measure
		}
		if r.Key.Channel, known = event.ParseChannel([]byte(channel)); !known && channel != "" {
			return fmt.Errorf("channel %q is unknown", channel)
		}
		if r.Key.Regime, known = event.ParseRegime([]byte(regime)); !known && regime != "" {
			return fmt.Errorf("regime %q is unknown", regime)
		}
		r.Key.Grain, r.Key.Start, r.AsOf = window.Grain(grain), int32(start/60), int64(asOf)
		r.Bins, r.Net.Bins = binsOf(indexes, counts), binsOf(netIndexes, netCounts)
		if err := yield(&r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// binsOf are the bins of a map, which comes in any order.
func binsOf(indexes []int16, counts []uint32) window.Bins {
	if len(indexes) == 0 {
		return nil
	}
	bins := make(window.Bins, len(indexes))
	for i := range indexes {
		bins[i] = window.Bin{Index: indexes[i], Count: int32(counts[i])}
	}
	slices.SortFunc(bins, func(a, b window.Bin) int { return int(a.Index) - int(b.Index) })
	return bins
}
