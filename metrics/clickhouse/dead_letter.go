package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// DeadLetter is a stored dead letter.
type DeadLetter struct {
	Shard int
	engine.DeadLetter
	// Redriven is when it was last sent again, zero if it never was.
	Redriven time.Time
}

// DeadLettersQuery picks dead letters.
type DeadLettersQuery struct {
	// Since is the earliest time of their records.
	Since time.Time
	// Reason picks one reason, and the empty one all.
	Reason string
	// Waiting leaves out those that were sent again.
	Waiting bool
	Limit   int
}

// ErrNoDeadLetter is the error of a shard and offset that have none.
var ErrNoDeadLetter = errors.New("no such dead letter")

const letterColumns = `d.shard, d.offset, toUnixTimestamp64Milli(d.logged), toString(d.reason), d.detail, d.key, d.value,
	tupleElement(d.headers, 'name'), tupleElement(d.headers, 'value'), toUnixTimestamp64Milli(r.redriven_at)
FROM dead_letters AS d LEFT JOIN (SELECT * FROM redrives FINAL) AS r USING (shard, offset)`

// DeadLetters yields dead letters, the latest record first.
func (s *Store) DeadLetters(ctx context.Context, q DeadLettersQuery, yield func(*DeadLetter) error) error {
	sql := "SELECT " + letterColumns + `
WHERE d.logged >= fromUnixTimestamp64Milli(?, 'UTC') AND (? = '' OR d.reason = ?) AND (NOT ? OR toUnixTimestamp64Milli(r.redriven_at) = 0)
ORDER BY d.logged DESC, d.shard, d.offset DESC LIMIT 1 BY d.shard, d.offset LIMIT ?`
	return s.eachDeadLetter(ctx, yield, sql, max(q.Since.UnixMilli(), earliest), q.Reason, q.Reason, q.Waiting, q.Limit)
}

// DeadLetter returns one, or ErrNoDeadLetter.
func (s *Store) DeadLetter(ctx context.Context, shard int, offset int64) (*DeadLetter, error) {
	var found *DeadLetter
	err := s.eachDeadLetter(ctx, func(d *DeadLetter) error { found = d; return nil },
		"SELECT "+letterColumns+" WHERE d.shard = ? AND d.offset = ? LIMIT 1", shard, offset)
	if err == nil && found == nil {
		err = ErrNoDeadLetter
	}
	return found, err
}

func (s *Store) eachDeadLetter(ctx context.Context, yield func(*DeadLetter) error, sql string, args ...any) error {
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("read table dead_letters: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d DeadLetter
		var id uint16
		var offset uint64
		var redriven int64
		var reason, key, value string
		var contents []string
		err := rows.Scan(&id, &offset, &d.Logged, &reason, &d.Detail, &key, &value, &d.HeaderNames, &contents, &redriven)
		if err != nil {
			return fmt.Errorf("read table dead_letters: %w", err)
		}
		d.Shard, d.Offset, d.Reason, d.Key, d.Value = int(id), int64(offset), event.Reason(reason), []byte(key), []byte(value)
		for _, c := range contents {
			d.HeaderContents = append(d.HeaderContents, []byte(c))
		}
		if redriven > 0 {
			d.Redriven = time.UnixMilli(redriven)
		}
		if err := yield(&d); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table dead_letters: %w", err)
	}
	return nil
}

// Redriven remembers that a dead letter was sent again.
func (s *Store) Redriven(ctx context.Context, shard int, offset int64) error {
	if err := s.conn.Exec(ctx, "INSERT INTO redrives (shard, offset) VALUES (?, ?)", shard, offset); err != nil {
		return fmt.Errorf("write table redrives: %w", err)
	}
	return nil
}
