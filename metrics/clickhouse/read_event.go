package clickhouse

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"dwell/ingest/event"
)

const storedColumns = `offset, toUnixTimestamp64Milli(logged), append_time, toUnixTimestamp64Milli(time), toUnixTimestamp64Milli(recorded),
toString(type), id, source, edition, subject, toString(bcp), forwarded, data`

// Records yields the record of every valid event that was received, in the order of Kafka's timestamps.
func (s *Store) Records(ctx context.Context, yield func(event.Record) error) error {
	const query = "SELECT " + storedColumns + ` FROM events
ORDER BY logged, shard, offset SETTINGS max_bytes_before_external_sort = 500000000`
	return s.eachRecord(ctx, yield, query)
}

// RecordsOf returns the records of a shard from one offset to before another, of valid events and dead letters, in the order of their
// offsets. The record of a dead letter is the one that was received; that of an event has its attributes and its data.
func (s *Store) RecordsOf(ctx context.Context, shard int, from, to int64) ([]event.Record, error) {
	var records []event.Record
	const letters = "SELECT " + letterColumns + " WHERE " + ofTopic + " AND d.number >= ? AND d.number < ?"
	err := s.eachDeadLetter(ctx, func(d *event.DeadLetter, _ time.Time) error {
		d.Offset = d.Origin.Number
		records = append(records, d.Record)
		return nil
	}, letters, s.cfg.Topic, shard, from, to)
	if err != nil {
		return nil, err
	}
	const events = "SELECT " + storedColumns + " FROM events WHERE shard = ? AND offset >= ? AND offset < ?"
	err = s.eachRecord(ctx, func(r event.Record) error {
		records = append(records, r)
		return nil
	}, events, shard, from, to)
	if err != nil {
		return nil, err
	}
	// A row may be there twice, and a record as an event and as a dead letter if it was written before a restart with another vocabulary.
	slices.SortStableFunc(records, func(a, b event.Record) int { return cmp.Compare(a.Offset, b.Offset) })
	return slices.CompactFunc(records, func(a, b event.Record) bool { return a.Offset == b.Offset }), nil
}

// RecordsBefore is how many records of a shard the tables events and dead_letters have before an offset.
func (s *Store) RecordsBefore(ctx context.Context, shard int, offset int64) (int64, error) {
	const query = `WITH letters AS (SELECT DISTINCT d.number FROM dead_letters AS d WHERE ` + ofTopic + ` AND d.number < ?)
SELECT (SELECT count() FROM events FINAL WHERE shard = ? AND offset < ? AND offset NOT IN letters) + (SELECT count() FROM letters)`
	var records uint64
	if err := s.conn.QueryRow(ctx, query, s.cfg.Topic, shard, offset, shard, offset).Scan(&records); err != nil {
		return 0, fmt.Errorf("count tables events and dead_letters: %w", err)
	}
	return int64(records), nil
}

func (s *Store) eachRecord(ctx context.Context, yield func(event.Record) error, query string, args ...any) error {
	rows, err := s.conn.Query(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("read table events: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var e event.Stored
		var offset uint64
		var logged int64
		var appendTime uint8
		if err := rows.Scan(&offset, &logged, &appendTime, &e.Time, &e.Recorded, &e.Type, &e.ID, &e.Source, &e.Edition, &e.Subject, &e.BCP, &e.Forwarded, &e.Data); err != nil {
			return fmt.Errorf("read table events: %w", damaged(err))
		}
		r := e.Record(logged)
		r.Offset, r.AppendTime = int64(offset), appendTime == 1
		if err := yield(r); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table events: %w", damaged(err))
	}
	return nil
}
