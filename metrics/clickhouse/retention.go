package clickhouse

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"dwell/metrics/engine"
)

// Retentions returns the retentions of a shard in the order of their offsets.
func (s *Store) Retentions(ctx context.Context, id int) (all []engine.Retention, err error) {
	const query = `SELECT offset, visits_ms, events_ms, toUnixTimestamp64Milli(visits_since), toUnixTimestamp64Milli(events_since)
		FROM retentions FINAL WHERE shard = ? ORDER BY offset` + consistent
	rows, err := s.conn.Query(ctx, query, id)
	if err != nil {
		return nil, fmt.Errorf("read table retentions: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var from, visits, events uint64
		var visitsSince, eventsSince *int64
		if err := rows.Scan(&from, &visits, &events, &visitsSince, &eventsSince); err != nil {
			return nil, fmt.Errorf("read table retentions: %w", damaged(err))
		}
		all = append(all, engine.Retention{
			From: int64(from), Visits: time.Duration(visits) * time.Millisecond, Events: time.Duration(events) * time.Millisecond,
			VisitsSince: sinceOf(visitsSince), EventsSince: sinceOf(eventsSince),
		})
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table retentions: %w", damaged(err))
	}
	return all, nil
}

// sinceOf is an instant before all others where there is none.
func sinceOf(ms *int64) int64 {
	if ms == nil {
		return math.MinInt64 / 2
	}
	return *ms
}

// WriteRetention stores a retention, and returns it with the offset from which on it holds: that, or a later one if events or dead
// letters are stored up to there, which were judged without it.
func (s *Store) WriteRetention(ctx context.Context, id int, r engine.Retention) (engine.Retention, error) {
	const query = `SELECT greatest(toInt64(?), (SELECT toInt64(ifNull(maxOrNull(offset) + 1, 0)) FROM events WHERE shard = ?),
		(SELECT toInt64(ifNull(maxOrNull(d.number) + 1, 0)) FROM dead_letters AS d WHERE ` + ofTopic + `))`
	if err := s.conn.QueryRow(ctx, query, r.From, id, s.cfg.Topic, id).Scan(&r.From); err != nil {
		return r, fmt.Errorf("read tables events and dead_letters: %w", damaged(err))
	}
	const insert = `INSERT INTO retentions (shard, offset, visits_ms, events_ms, visits_since, events_since)` + quorum +
		` VALUES (?, ?, ?, ?, fromUnixTimestamp64Milli(?), fromUnixTimestamp64Milli(?))`
	if err := s.exec(ctx, insert, id, r.From, r.Visits.Milliseconds(), r.Events.Milliseconds(), storedSince(r.VisitsSince), storedSince(r.EventsSince)); err != nil {
		return r, fmt.Errorf("write table retentions: %w", err)
	}
	return r, nil
}

func storedSince(ms int64) *int64 {
	if ms <= earliest {
		return nil
	}
	return &ms
}

// KeepFor sets the times to live of dead letters, after their records' times, and of restatements, after they were made; 0 is
// without end. No number rests on these rows, so ClickHouse deletes them by its own clock. Of two rows of a key, that with the later
// time stands or both are alike, so it never deletes the one that counts alone.
func (s *Store) KeepFor(ctx context.Context, deadLetters, restatements time.Duration) error {
	for _, t := range []struct {
		table, column string
		kept          time.Duration
	}{{"dead_letters", "logged", deadLetters}, {"restatements", "written_at", restatements}} {
		var is string
		const query = "SELECT create_table_query FROM system.tables WHERE database = ? AND name = ?"
		if err := s.conn.QueryRow(ctx, query, s.cfg.Database, t.table).Scan(&is); err != nil {
			return fmt.Errorf("read the time to live of table %s: %w", t.table, err)
		}
		ttl := fmt.Sprintf("TTL toDateTime(%s) + toIntervalSecond(%d)", t.column, int64(t.kept/time.Second))
		change := "MODIFY " + ttl
		switch has := strings.Contains(is, " TTL "); {
		case t.kept == 0 && !has, t.kept > 0 && strings.Contains(is, ttl+" "):
			continue
		case t.kept == 0:
			change = "REMOVE TTL"
		}
		if err := s.exec(ctx, "ALTER TABLE "+t.table+" "+change); err != nil {
			return fmt.Errorf("set the time to live of table %s: %w", t.table, err)
		}
	}
	return nil
}
