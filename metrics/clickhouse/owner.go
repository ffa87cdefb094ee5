package clickhouse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"dwell/metrics/engine"
)

// AcquireEpoch makes a new owner of a shard with the highest epoch, and returns the offsets above the progress as of which
// earlier owners have announced flushes.
func (s *Store) AcquireEpoch(ctx context.Context, id int) (o engine.Owner, announced []int64, err error) {
	for later := true; later; {
		const query = "SELECT max(epoch) FROM owners WHERE shard = ?" + consistent
		if err := s.conn.QueryRow(ctx, query, id).Scan(&o.Epoch); err != nil {
			return o, nil, fmt.Errorf("read table owners: %w", damaged(err))
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
		return o, nil, fmt.Errorf("read table owners: %w", damaged(err))
	}
	return o, announced, nil
}

// AnnounceFlush writes the owner's intent to write rows as of an offset. It returns engine.ErrFenced if an owner has a later
// epoch.
func (s *Store) AnnounceFlush(ctx context.Context, id int, o engine.Owner, asOf int64) error {
	later, err := s.own(ctx, id, o, asOf)
	if err == nil && later {
		err = engine.ErrFenced
	}
	return err
}

// A row confirmed by one replica must be visible on the others, or two owners may miss each other. A single server ignores
// these settings. They serialize inserts into a table, so only this table uses them.
const quorum, consistent = " SETTINGS insert_quorum = 'auto', insert_quorum_parallel = 0", " SETTINGS select_sequential_consistency = 1"

// announcement is a row of an owner; later is set if there is a row of a later owner.
type announcement struct {
	shard  int
	owner  engine.Owner
	offset int64
	later  bool
}

// own writes a row, then checks for a row of a later owner.
func (s *Store) own(ctx context.Context, id int, o engine.Owner, announced int64) (later bool, err error) {
	a := &announcement{shard: id, owner: o, offset: announced}
	err = s.announcements.do(ctx, a)
	return a.later, err
}

// announceAll writes a batch of rows, then checks for rows of later owners.
func (s *Store) announceAll(ctx context.Context, all []*announcement) error {
	var rows []any
	var shards []uint16
	for _, a := range all {
		rows = append(rows, a.shard, a.owner.Epoch, a.owner.Number, a.offset)
		shards = append(shards, uint16(a.shard))
	}
	insert := "INSERT INTO owners (shard, epoch, number, announced)" + quorum + " VALUES (?, ?, ?, ?)" + strings.Repeat(", (?, ?, ?, ?)", len(all)-1)
	if err := s.exec(ctx, insert, rows...); err != nil {
		return fmt.Errorf("write table owners: %w", err)
	}
	const query = "SELECT shard, last.1, last.2 FROM (SELECT shard, max((epoch, number)) AS last FROM owners WHERE shard IN (?) GROUP BY shard)" + consistent
	found, err := s.conn.Query(ctx, query, shards)
	if err != nil {
		return fmt.Errorf("read table owners: %w", damaged(err))
	}
	defer func() { _ = found.Close() }()
	for found.Next() {
		var id uint16
		var last engine.Owner
		if err := found.Scan(&id, &last.Epoch, &last.Number); err != nil {
			return fmt.Errorf("read table owners: %w", damaged(err))
		}
		for _, a := range all {
			if a.shard == int(id) {
				a.later = last.After(a.owner)
			}
		}
	}
	if err := found.Err(); err != nil {
		return fmt.Errorf("read table owners: %w", damaged(err))
	}
	return nil
}
