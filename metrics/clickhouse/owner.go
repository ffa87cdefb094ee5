package clickhouse

import (
	"context"
	"fmt"
	"math/rand/v2"

	"dwell/metrics/shard"
)

// Claim makes a new owner of a shard, which comes after all others, and returns the offsets above the progress as of
// which those have announced flushes.
func (s *Store) Claim(ctx context.Context, id int) (o shard.Owner, announced []int64, err error) {
	for later := true; later; {
		const query = "SELECT max(epoch) FROM owners WHERE shard = ?" + consistent
		if err := s.conn.QueryRow(ctx, query, id).Scan(&o.Epoch); err != nil {
			return o, nil, fmt.Errorf("read table owners: %w", err)
		}
		o.Epoch++
		o.Number = rand.Uint64()
		if later, err = s.own(ctx, id, o, 0); err != nil {
			return o, nil, err
		}
	}
	const query = `SELECT arraySort(groupUniqArray(toInt64(announced))) FROM owners FINAL
		WHERE shard = ? AND announced > (SELECT max(offset) FROM progress WHERE shard = ?)` + consistent
	if err := s.conn.QueryRow(ctx, query, id, id).Scan(&announced); err != nil {
		return o, nil, fmt.Errorf("read table owners: %w", err)
	}
	return o, announced, nil
}

// Announce says that the owner is about to write rows as of an offset. It returns shard.ErrOvertaken if there is a later
// owner.
func (s *Store) Announce(ctx context.Context, id int, o shard.Owner, asOf int64) error {
	later, err := s.own(ctx, id, o, asOf)
	if err == nil && later {
		err = shard.ErrOvertaken
	}
	return err
}

// What one replica of a cluster has confirmed another one must show, or two owners may not see each other. One server takes
// no notice of these settings. They make inserts into one table wait for one another, so only this one has them.
const quorum, consistent = " SETTINGS insert_quorum = 'auto', insert_quorum_parallel = 0", " SETTINGS select_sequential_consistency = 1"

// own writes a row, and then looks whether there is one of a later owner.
func (s *Store) own(ctx context.Context, id int, o shard.Owner, announced int64) (later bool, err error) {
	const insert = "INSERT INTO owners (shard, epoch, number, announced)" + quorum + " VALUES (?, ?, ?, ?)"
	if err := s.conn.Exec(ctx, insert, id, o.Epoch, o.Number, announced); err != nil {
		return false, fmt.Errorf("write table owners: %w", err)
	}
	const query = "SELECT count() > 0 FROM owners WHERE shard = ? AND (epoch, number) > (?, ?)" + consistent
	if err := s.conn.QueryRow(ctx, query, id, o.Epoch, o.Number).Scan(&later); err != nil {
		return false, fmt.Errorf("read table owners: %w", err)
	}
	return later, nil
}
