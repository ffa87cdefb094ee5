package clickhouse

import (
	"context"
	"fmt"
	"time"

	"dwell/ingest/event"
)

// Hours yields the openings and closings of a shard before an offset, and the retractions of events about places, in no
// order. Events have only the fields that hours.Hours needs.
func (s *Store) Hours(ctx context.Context, shard int, before int64, yield func(*event.Event)) error {
	const query = `SELECT type, id, source, edition, time, bcp, direction, retracted_id, retracted_source, retracted_edition FROM openings
WHERE shard = ? AND offset < ?`
	rows, err := s.conn.Query(ctx, query, shard, before)
	if err != nil {
		return fmt.Errorf("read table openings: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var typ, id, source, bcp, direction, retractedID, retractedSource string
		var edition, retractedEdition uint32
		var at time.Time
		if err := rows.Scan(&typ, &id, &source, &edition, &at, &bcp, &direction, &retractedID, &retractedSource, &retractedEdition); err != nil {
			return fmt.Errorf("read table openings: %w", damaged(err))
		}
		e := event.Event{
			ID: []byte(id), Source: []byte(source), Edition: edition, Time: at.UnixMilli(),
			RetractedID: []byte(retractedID), RetractedSource: []byte(retractedSource), RetractedEdition: retractedEdition,
		}
		e.Type, _ = event.ParseType([]byte(typ))
		e.AboutPlace = e.Type == event.EventRetracted
		if e.BCP, e.Direction, err = s.place(bcp, direction); err != nil {
			return fmt.Errorf("read table openings: %w", damaged(err))
		}
		yield(&e)
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read table openings: %w", damaged(err))
	}
	return nil
}
