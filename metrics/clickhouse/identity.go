package clickhouse

import (
	"context"
	"fmt"
)

// Identity is what identifies an event.
type Identity struct {
	Source, ID string
	Edition    uint32
}

// LastEvent is the highest offset of a shard's events in [from, to), -1 where it has none there.
func (s *Store) LastEvent(ctx context.Context, shard int, from, to int64) (offset int64, err error) {
	const query = "SELECT ifNull(toInt64(maxOrNull(offset)), -1) FROM events WHERE shard = ? AND offset >= ? AND offset < ?"
	if err := s.conn.QueryRow(ctx, query, shard, from, to).Scan(&offset); err != nil {
		return 0, fmt.Errorf("read table events: %w", damaged(err))
	}
	return offset, nil
}

// Identities are those of the events that a shard has at offsets. Where it has none, as of a dead letter, it is missing.
func (s *Store) Identities(ctx context.Context, shard int, offsets []int64) (map[int64]Identity, error) {
	const query = "SELECT offset, source, id, edition FROM events WHERE shard = ? AND offset IN (?)"
	rows, err := s.conn.Query(ctx, query, shard, offsets)
	if err != nil {
		return nil, fmt.Errorf("read table events: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	all := map[int64]Identity{}
	for rows.Next() {
		var offset uint64
		var e Identity
		if err := rows.Scan(&offset, &e.Source, &e.ID, &e.Edition); err != nil {
			return nil, fmt.Errorf("read table events: %w", damaged(err))
		}
		all[int64(offset)] = e
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table events: %w", damaged(err))
	}
	return all, nil
}
