package clickhouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// Progress is the shard's latest progress, zero if it never wrote any.
func (s *Store) Progress(ctx context.Context, id int) (p engine.Progress, err error) {
	var offset, records uint64
	var latest *int64
	var blocks, sources []uint64
	var times []int64
	const query = `SELECT offset, toUnixTimestamp64Milli(latest), records, tupleElement(sources, 'block'), tupleElement(sources, 'source'),
		arrayMap(t -> toUnixTimestamp64Milli(t), tupleElement(sources, 'latest')) FROM progress FINAL WHERE shard = ?`
	switch err := s.conn.QueryRow(ctx, query, id).Scan(&offset, &latest, &records, &blocks, &sources, &times); {
	case errors.Is(err, sql.ErrNoRows):
		return p, nil
	case err != nil:
		return p, fmt.Errorf("read table progress: %w", damaged(err))
	}
	p.Offset, p.Records = int64(offset), int64(records)
	if p.HasLatest = latest != nil; p.HasLatest {
		p.Latest = *latest
	}
	for i, block := range blocks {
		p.Sources.Restore(int64(block), engine.SourceTime{Source: sources[i], Latest: times[i]})
	}
	return p, nil
}

// LastEvents yields the times of the latest events of each BCP and direction.
func (s *Store) LastEvents(ctx context.Context, id int, yield func(engine.LastEvents)) error {
	const query = `SELECT bcp, direction, toUnixTimestamp64Milli(last_event), toUnixTimestamp64Milli(last_truck_event)
		FROM inside_now FINAL WHERE shard = ? AND last_event IS NOT NULL`
	rows, err := s.conn.Query(ctx, query, id)
	if err != nil {
		return fmt.Errorf("read table inside_now: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var bcp, direction string
		var last, lastOfTruck *int64
		if err := rows.Scan(&bcp, &direction, &last, &lastOfTruck); err != nil {
			return fmt.Errorf("read table inside_now: %w", damaged(err))
		}
		b, d, err := s.place(bcp, direction)
		if err != nil {
			return fmt.Errorf("read table inside_now: %w", damaged(err))
		}
		yield(engine.LastEvents{BCP: b, Direction: d, Any: orNever(last), OfTruck: orNever(lastOfTruck)})
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table inside_now: %w", damaged(err))
	}
	return nil
}

func orNever(ms *int64) int64 {
	if ms == nil {
		return engine.Never
	}
	return *ms
}

func (s *Store) place(bcp, direction string) (b event.BCP, d event.Direction, err error) {
	b, ok := s.voc.BCP([]byte(bcp))
	if !ok {
		return 0, 0, fmt.Errorf("bcp %q has rows in the database but is not configured; add it to the places file", bcp)
	}
	if direction == "" {
		return b, event.NoDirection, nil
	}
	if d, ok = event.ParseDirection([]byte(direction)); !ok {
		return 0, 0, fmt.Errorf("direction %q is not supported", direction)
	}
	return b, d, nil
}
