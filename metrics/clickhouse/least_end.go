package clickhouse

import (
	"context"
	"fmt"
)

// LeastEnds are the offsets, by shard, at which the logs end at least, since they were read up to there: behind the progress, each flush
// that was announced, and each record that was written before its flush was. A log that ends before has lost records, and must not give
// their offsets to others: rows of both would have the same keys.
//
// Where a damaged part keeps it from reading a table, it returns what it knows without, and an error (IsDamage).
func (s *Store) LeastEnds(ctx context.Context) (ends []int64, err error) {
	const flushes = `SELECT toInt64(shard), toInt64(max(end))
FROM (SELECT shard, offset AS end FROM progress UNION ALL SELECT shard, announced AS end FROM owners) GROUP BY shard ORDER BY shard`
	rows, err := s.conn.Query(ctx, flushes)
	if err != nil {
		return nil, fmt.Errorf("read tables progress and owners: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var shard, end int64
		if err := rows.Scan(&shard, &end); err != nil {
			return nil, fmt.Errorf("read tables progress and owners: %w", err)
		}
		for int64(len(ends)) <= shard {
			ends = append(ends, 0)
		}
		ends[shard] = end
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read tables progress and owners: %w", err)
	}
	for shard, end := range ends {
		const records = `SELECT greatest(
	(SELECT toInt64(ifNull(maxOrNull(offset) + 1, 0)) FROM events WHERE shard = ? AND offset >= ?),
	(SELECT toInt64(ifNull(maxOrNull(d.number) + 1, 0)) FROM dead_letters AS d WHERE ` + ofTopic + ` AND d.number >= ?))`
		var last int64
		if err := s.conn.QueryRow(ctx, records, shard, end, s.cfg.Topic, shard, end).Scan(&last); err != nil {
			return ends, fmt.Errorf("read tables events and dead_letters: %w", err)
		}
		ends[shard] = max(end, last)
	}
	return ends, nil
}
