package clickhouse

import (
	"context"
	"fmt"
	"slices"

	driver "github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// A visit is recent if it is not over, or has a fact after the horizon, or its row is ahead of the progress. Facts are the bulk
// of the table, and most visits are not recent. So only recent visits are read with their facts, by visit and as_of, since rows
// with the same visit and as_of are identical; of all others, only the id is read.
const (
	recentRows = `SELECT visit, as_of, toUnixTimestamp64Milli(lapsed), over, facts FROM visits PREWHERE shard = ? AND (visit, as_of) IN (
		SELECT visit, as_of FROM visits FINAL
		WHERE shard = ? AND (NOT (over AND ifNull(last_fact <= fromUnixTimestamp64Milli(?), 1)) OR as_of > ?)
	) LIMIT 1 BY visit`

	allIDs = `SELECT visit FROM visits FINAL WHERE shard = ?`

	rowsByID = `SELECT visit, as_of, toUnixTimestamp64Milli(lapsed), over, facts FROM visits PREWHERE shard = ? AND visit IN (?)
	ORDER BY as_of DESC LIMIT 1 BY visit`

	overDuring = `SELECT visit, as_of, toUnixTimestamp64Milli(lapsed), over, facts FROM visits FINAL
	WHERE shard = ? AND over AND bcp = ? AND first_fact < fromUnixTimestamp64Milli(?) AND last_fact > fromUnixTimestamp64Milli(?)`
)

// RecentVisits yields every visit that is not over, has a fact after the horizon (Unix milliseconds), or has an AsOf above
// progress, and calls stored with the id of every other visit. Rows have no State. For a visit that changes
// meanwhile, it calls yield, stored, or both.
func (s *Store) RecentVisits(ctx context.Context, shard int, horizon, progress int64, yield func(*visit.Row) error, stored func(id string)) error {
	recent := map[string]struct{}{}
	rows, err := s.conn.Query(ctx, recentRows, shard, shard, max(horizon, earliest), progress)
	if err == nil {
		err = eachVisit(rows, func(r *visit.Row) error {
			recent[r.ID] = struct{}{}
			return yield(r)
		})
	}
	if err != nil {
		return fmt.Errorf("read table visits: %w", err)
	}
	rows, err = s.conn.Query(ctx, allIDs, shard)
	if err != nil {
		return fmt.Errorf("read table visits: %w", err)
	}
	defer func() { _ = rows.Close() }()
	var id string
	for rows.Next() {
		if err := rows.Scan(&id); err != nil {
			return fmt.Errorf("read table visits: %w", err)
		}
		if _, yielded := recent[id]; !yielded {
			stored(id)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table visits: %w", err)
	}
	return nil
}

// earliest is the earliest instant that a DateTime64 column can hold, 1900-01-01, in Unix milliseconds.
const earliest = -2_208_988_800_000

// latest is later than any instant that an event may have, 2299-01-01, in Unix milliseconds.
const latest = 10_382_256_000_000

// Visits returns the stored rows of these visits, in no particular order and without their State.
func (s *Store) Visits(ctx context.Context, shard int, ids []string) ([]visit.Row, error) {
	var found []visit.Row
	for chunk := range chunks(ids, func(id string) int { return len(id) + 4 }) {
		some, err := s.visits(ctx, rowsByID, shard, chunk)
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
		err = eachVisit(rows, func(r *visit.Row) error {
			found = append(found, *r)
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read table visits: %w", err)
	}
	return found, nil
}

// OverDuring returns the visits at a BCP that are over and have facts before to and after from (Unix milliseconds), in no
// particular order and without their State.
func (s *Store) OverDuring(ctx context.Context, shard int, b event.BCP, from, to int64) ([]visit.Row, error) {
	return s.visits(ctx, overDuring, shard, s.voc.BCPName(b), min(max(to, earliest), latest), min(max(from, earliest), latest))
}

func eachVisit(rows driver.Rows, yield func(*visit.Row) error) error {
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var r visit.Row
		var asOf uint64
		var lapsed *int64
		var over uint8
		if err := rows.Scan(&r.ID, &asOf, &lapsed, &over, &r.Facts); err != nil {
			return err
		}
		r.AsOf, r.Lapsed, r.Over = int64(asOf), visit.None, over != 0
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
