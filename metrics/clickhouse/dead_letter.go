package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"

	"dwell/ingest/event"
)

// DeadLettersQuery selects dead letters.
type DeadLettersQuery struct {
	// Since is the earliest time of their records.
	Since time.Time
	// Reason selects dead letters of one reason; empty selects all.
	Reason string
	// NotRedriven leaves out those that were redriven.
	NotRedriven bool
	// Limit is how many are read at most.
	Limit int
}

// ErrNoDeadLetter says that no dead letter has the origin.
var ErrNoDeadLetter = errors.New("no such dead letter")

const letterColumns = `toUInt8(d.origin), d.name, d.part, d.number, toUnixTimestamp64Milli(d.logged), d.append_time, toString(d.reason), d.detail, d.key, d.value,
	tupleElement(d.headers, 'name'), tupleElement(d.headers, 'value'), toUnixTimestamp64Milli(r.redriven_at)
FROM dead_letters AS d LEFT JOIN (SELECT * FROM redrives FINAL) AS r USING (origin, name, part, number)`

// ofTopic selects, with the topic's name and the shard, the dead letters that are records of the topic of events.
const ofTopic = "d.origin = 'topic' AND d.name = ? AND d.part = ?"

// DeadLetters yields dead letters, the latest record first, with the time at which each was last redriven, zero if it never
// was.
func (s *Store) DeadLetters(ctx context.Context, q DeadLettersQuery, yield func(d *event.DeadLetter, redriven time.Time) error) error {
	sql := "SELECT " + letterColumns + `
WHERE d.logged >= fromUnixTimestamp64Milli(?, 'UTC') AND (? = '' OR d.reason = ?) AND (NOT ? OR toUnixTimestamp64Milli(r.redriven_at) = 0)
ORDER BY d.logged DESC, d.origin, d.name, d.part, d.number DESC LIMIT 1 BY d.origin, d.name, d.part, d.number LIMIT ?`
	return s.eachDeadLetter(ctx, yield, sql, max(q.Since.UnixMilli(), earliest), q.Reason, q.Reason, q.NotRedriven, q.Limit)
}

// DeadLetter returns the dead letter of an origin, with the time at which it was last redriven, or ErrNoDeadLetter.
func (s *Store) DeadLetter(ctx context.Context, o event.Origin) (found *event.DeadLetter, redriven time.Time, err error) {
	one := func(d *event.DeadLetter, at time.Time) error {
		found, redriven = d, at
		return nil
	}
	const query = "SELECT " + letterColumns + " WHERE d.origin = ? AND d.name = ? AND d.part = ? AND d.number = ? LIMIT 1"
	err = s.eachDeadLetter(ctx, one, query, o.Kind.String(), o.Name, o.Part, o.Number)
	if err == nil && found == nil {
		err = ErrNoDeadLetter
	}
	return found, redriven, err
}

func (s *Store) eachDeadLetter(ctx context.Context, yield func(*event.DeadLetter, time.Time) error, sql string, args ...any) error {
	rows, err := s.conn.Query(ctx, sql, args...)
	if err != nil {
		return fmt.Errorf("read table dead_letters: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var d event.DeadLetter
		var kind, appendTime uint8
		var part uint32
		var number uint64
		var redrivenAt int64
		var reason, key, value string
		var names, contents []string
		if err := rows.Scan(&kind, &d.Origin.Name, &part, &number, &d.Time, &appendTime, &reason, &d.Detail, &key, &value, &names, &contents, &redrivenAt); err != nil {
			return fmt.Errorf("read table dead_letters: %w", damaged(err))
		}
		d.Origin.Kind, d.Origin.Part, d.Origin.Number = event.OriginKind(kind), int(part), int64(number)
		d.AppendTime = appendTime == 1
		d.Reason, d.Key, d.Value = event.Reason(reason), []byte(key), []byte(value)
		if d.Reason == event.UnreadableBatch { // judged again as what it is, a recount must find the same
			d.Unreadable = strings.TrimPrefix(d.Detail, reason+": ")
		}
		for i, name := range names {
			d.Headers = append(d.Headers, event.Header{Key: []byte(name), Value: []byte(contents[i])})
		}
		var redriven time.Time
		if redrivenAt > 0 {
			redriven = time.UnixMilli(redrivenAt)
		}
		if err := yield(&d, redriven); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table dead_letters: %w", damaged(err))
	}
	return nil
}

// Redriven records that the dead letter of an origin was redriven.
func (s *Store) Redriven(ctx context.Context, o event.Origin) error {
	const insert = "INSERT INTO redrives (origin, name, part, number) VALUES (?, ?, ?, ?)"
	if err := s.exec(ctx, insert, o.Kind.String(), o.Name, o.Part, o.Number); err != nil {
		return fmt.Errorf("write table redrives: %w", err)
	}
	return nil
}

// WriteDeadLetters writes dead letters, again where they are there already.
func (s *Store) WriteDeadLetters(ctx context.Context, letters []event.DeadLetter) error {
	return s.writeDeadLetters(ctx, letters)
}

// NewDeadLetters returns those of the letters whose origins the table does not have.
func (s *Store) NewDeadLetters(ctx context.Context, letters []event.DeadLetter) (fresh []event.DeadLetter, err error) {
	stored := map[event.Origin]bool{}
	for some := range chunks(letters, func(d event.DeadLetter) int { return 2*len(d.Origin.Name) + 50 }) {
		tuples := make([]driver.GroupSet, len(some))
		for i := range some {
			o := &some[i].Origin
			tuples[i] = driver.GroupSet{Value: []any{o.Kind.String(), o.Name, o.Part, o.Number}}
		}
		const query = "SELECT toUInt8(origin), name, part, number FROM dead_letters WHERE (toString(origin), name, part, number) IN (?)"
		rows, err := s.conn.Query(ctx, query, tuples)
		if err != nil {
			return nil, fmt.Errorf("read table dead_letters: %w", damaged(err))
		}
		for rows.Next() {
			var kind uint8
			var o event.Origin
			var part uint32
			var number uint64
			if err = rows.Scan(&kind, &o.Name, &part, &number); err != nil {
				break
			}
			o.Kind, o.Part, o.Number = event.OriginKind(kind), int(part), int64(number)
			stored[o] = true
		}
		if err = errors.Join(err, rows.Err(), rows.Close()); err != nil {
			return nil, fmt.Errorf("read table dead_letters: %w", damaged(err))
		}
	}
	for i := range letters {
		if !stored[letters[i].Origin] {
			fresh = append(fresh, letters[i])
		}
	}
	return fresh, nil
}
