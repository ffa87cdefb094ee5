package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"dwell/ingest/event"
)

// stored is an event of the table as a structured CloudEvent, with its data as sent.
type stored struct {
	SpecVersion  string          `json:"specversion"`
	ID           string          `json:"id"`
	Source       string          `json:"source"`
	Edition      uint32          `json:"edition,omitempty"`
	Type         string          `json:"type"`
	Subject      string          `json:"subject"`
	Time         time.Time       `json:"time"`
	RecordedTime time.Time       `json:"recordedtime"`
	Data         json.RawMessage `json:"data"`
}

// Records yields every valid event that was received, as the record of a structured CloudEvent, in the order of Kafka's
// timestamps.
func (s *Store) Records(ctx context.Context, yield func(event.Record) error) error {
	const query = `SELECT logged, time, recorded, type, id, source, edition, subject, data FROM events
ORDER BY logged, shard, offset SETTINGS max_bytes_before_external_sort = 500000000`
	rows, err := s.conn.Query(ctx, query)
	if err != nil {
		return fmt.Errorf("read table events: %w", err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		e := stored{SpecVersion: "1.0"}
		var logged time.Time
		var data string
		if err := rows.Scan(&logged, &e.Time, &e.RecordedTime, &e.Type, &e.ID, &e.Source, &e.Edition, &e.Subject, &data); err != nil {
			return fmt.Errorf("read table events: %w", err)
		}
		e.Type, e.Data = "dwell."+e.Type+".v1", json.RawMessage(data)
		value, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("event %q of %q: %w", e.ID, e.Source, err)
		}
		if err := yield(event.StructuredRecord([]byte(e.Subject), value, logged.UnixMilli())); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table events: %w", err)
	}
	return nil
}
