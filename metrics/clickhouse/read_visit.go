package clickhouse

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/metrics/engine"
	"dwell/metrics/visit"
)

// A visit is recent if it is not over, has a fact after the horizon, or its row is ahead of the progress. Facts are the bulk of
// the table, and most visits are not recent. So only recent visits are read with their facts, by key and as_of, which identify
// one row or identical copies; of all others, only the key is read.
const (
	visitRow = `SELECT bcp, visit, month, as_of, toUnixTimestamp64Milli(lapsed), over, facts FROM visits `

	recentRows = visitRow + `PREWHERE shard = ? AND (bcp, visit, as_of) IN (
		SELECT bcp, visit, as_of FROM visits FINAL
		WHERE shard = ? AND (NOT (over AND ifNull(last_fact <= fromUnixTimestamp64Milli(?), 1)) OR as_of > ?)
	) LIMIT 1 BY bcp, visit`

	allKeys = `SELECT bcp, visit FROM visits FINAL WHERE shard = ?`

	rowsByKey = visitRow + `PREWHERE shard = ? AND (bcp, visit) IN (?)
	ORDER BY as_of DESC LIMIT 1 BY bcp, visit`

	// Of the overlaps at a BCP, which neither overlap nor touch, the one that begins last before a visit's last fact is the one that
	// ends last, so it alone must be looked at.
	overDuring = visitRow + `PREWHERE shard = ? AND (bcp, visit, as_of) IN (
		SELECT bcp, visit, as_of FROM (
			SELECT toString(bcp) AS bcp, visit, as_of, assumeNotNull(first_fact) AS first, assumeNotNull(last_fact) AS last FROM visits FINAL
			WHERE shard = ? AND over AND bcp IN (?) AND first_fact < fromUnixTimestamp64Milli(?) AND last_fact > fromUnixTimestamp64Milli(?)
		) AS v ASOF INNER JOIN (
			SELECT d.1 AS bcp, fromUnixTimestamp64Milli(d.2) AS from, fromUnixTimestamp64Milli(d.3) AS to FROM (SELECT arrayJoin([?]) AS d)
		) AS during ON v.bcp = during.bcp AND v.last > during.from
		WHERE first < to
	) LIMIT 1 BY bcp, visit`
)

// RecentVisits yields every visit that is not over, has a fact after the horizon (Unix milliseconds), or has an AsOf above
// progress, and calls stored with the key of every other visit. Rows come without their State. For a visit that changes
// meanwhile, it calls yield, stored, or both.
func (s *Store) RecentVisits(ctx context.Context, shard int, horizon, progress int64, yield func(*visit.Row) error, stored func(visit.Key)) error {
	recent := map[visit.Key]struct{}{}
	rows, err := s.conn.Query(ctx, recentRows, shard, shard, max(horizon, earliest), progress)
	if err == nil {
		err = s.eachVisit(rows, func(r *visit.Row) error {
			recent[r.Key] = struct{}{}
			return yield(r)
		})
	}
	if err != nil {
		return fmt.Errorf("read table visits: %w", damaged(err))
	}
	rows, err = s.conn.Query(ctx, allKeys, shard)
	if err != nil {
		return fmt.Errorf("read table visits: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	var bcp string
	var k visit.Key
	for rows.Next() {
		if err := rows.Scan(&bcp, &k.ID); err != nil {
			return fmt.Errorf("read table visits: %w", damaged(err))
		}
		configured := false
		if k.BCP, configured = s.voc.BCP([]byte(bcp)); !configured {
			continue // its events are dead letters
		}
		if _, yielded := recent[k]; !yielded {
			stored(k)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table visits: %w", damaged(err))
	}
	return nil
}

// earliest is the earliest instant that a DateTime64 column can hold, 1900-01-01, in Unix milliseconds.
const earliest = -2_208_988_800_000

// latest is later than any instant that an event may have, 2299-01-01, in Unix milliseconds.
const latest = 10_382_256_000_000

// Visits returns the stored rows of these visits, in no particular order and without their State.
func (s *Store) Visits(ctx context.Context, shard int, keys []visit.Key) ([]visit.Row, error) {
	tuples := make([]clickhouse.GroupSet, len(keys))
	for i, k := range keys {
		tuples[i] = clickhouse.GroupSet{Value: []any{s.voc.BCPName(k.BCP), k.ID}}
	}
	var found []visit.Row
	for chunk := range chunks(tuples, func(t clickhouse.GroupSet) int { return len(t.Value[0].(string)) + len(t.Value[1].(string)) + 10 }) {
		some, err := s.visits(ctx, rowsByKey, shard, chunk)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func (s *Store) visits(ctx context.Context, query string, args ...any) (found []visit.Row, err error) {
	rows, err := s.conn.Query(ctx, query, args...)
	if err == nil {
		err = s.eachVisit(rows, func(r *visit.Row) error {
			found = append(found, *r)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read table visits: %w", damaged(err))
	}
	return found, nil
}

// OverDuring returns the visits that are over and have facts before the end and after the beginning (Unix milliseconds) of an overlap
// at their BCP, in no particular order and without their State. A visit may be returned several times.
func (s *Store) OverDuring(ctx context.Context, shard int, during []engine.Overlap) (found []visit.Row, err error) {
	for chunk := range chunks(during, func(o engine.Overlap) int { return len(s.voc.BCPName(o.BCP)) + 50 }) {
		spans, bcps := make([]clickhouse.GroupSet, len(chunk)), map[string]bool{}
		from, to := int64(latest), int64(earliest)
		for i, o := range chunk {
			o.From, o.To = min(max(o.From, earliest), latest), min(max(o.To, earliest), latest)
			bcp := s.voc.BCPName(o.BCP)
			spans[i], bcps[bcp] = clickhouse.GroupSet{Value: []any{bcp, o.From, o.To}}, true
			from, to = min(from, o.From), max(to, o.To)
		}
		some, err := s.visits(ctx, overDuring, shard, shard, slices.Collect(maps.Keys(bcps)), to, from, spans)
		if err != nil {
			return nil, err
		}
		found = append(found, some...)
	}
	return found, nil
}

func (s *Store) eachVisit(rows driver.Rows, yield func(*visit.Row) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		r := visit.Row{Lapsed: visit.None}
		var bcp string
		var month uint32
		var asOf uint64
		var lapsed *int64
		var over uint8
		if err := rows.Scan(&bcp, &r.ID, &month, &asOf, &lapsed, &over, &r.Facts); err != nil {
			return err
		}
		configured := false
		if r.BCP, configured = s.voc.BCP([]byte(bcp)); !configured {
			return fmt.Errorf("visit %q is of bcp %q, which is not configured", r.ID, bcp)
		}
		r.Month, r.AsOf, r.Over = visit.Month(month), int64(asOf), over != 0
		if lapsed != nil {
			r.Lapsed = *lapsed
		}
		if err := yield(&r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// chunks cuts a list into parts that each fit in one query: ClickHouse's max_query_size is 256 KiB by default.
func chunks[T any](all []T, size func(T) int) func(yield func([]T) bool) {
	const maxItems, maxBytes = 2000, 100_000
	return func(yield func([]T) bool) {
		for len(all) > 0 {
			n, sum := 0, 0
			for n < len(all) && n < maxItems && (n == 0 || sum+size(all[n]) <= maxBytes) {
				sum += size(all[n])
				n++
			}
			if !yield(slices.Clip(all[:n])) {
				return
			}
			all = all[n:]
		}
	}
}
