package clickhouse

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// ShortLog is a partition's log that ended at End while the shard had counted it up to Counted: it had lost records.
type ShortLog struct{ Counted, End int64 }

// ShortLog returns the latest one of a shard. Waits reports that nobody has accepted it, so that nothing of the log may be counted.
func (s *Store) ShortLog(ctx context.Context, id int) (l ShortLog, waits bool, err error) {
	const query = "SELECT counted, log_end, isNull(accepted_from) FROM short_logs WHERE shard = ? ORDER BY noted_at DESC LIMIT 1"
	var counted, end uint64
	var open uint8
	switch err := s.conn.QueryRow(ctx, query, id).Scan(&counted, &end, &open); {
	case errors.Is(err, sql.ErrNoRows):
		return l, false, nil
	case err != nil:
		return l, false, fmt.Errorf("read table short_logs: %w", damaged(err))
	}
	return ShortLog{int64(counted), int64(end)}, open == 1, nil
}

// NoteShortLog makes a shard wait. Of one that waits, the least end is kept: what was written behind it has not been counted.
func (s *Store) NoteShortLog(ctx context.Context, id int, l ShortLog) error {
	was, waits, err := s.ShortLog(ctx, id)
	if err != nil || waits && was.End <= l.End {
		return err
	}
	const insert = "INSERT INTO short_logs (shard, counted, log_end) VALUES (?, ?, ?)"
	if err := s.exec(ctx, insert, id, l.Counted, l.End); err != nil {
		return fmt.Errorf("write table short_logs: %w", err)
	}
	return nil
}

// AcceptShortLog ends the wait of a shard. The records from an offset on have been written again, behind what was counted.
func (s *Store) AcceptShortLog(ctx context.Context, id int, l ShortLog, from int64) error {
	const insert = "INSERT INTO short_logs (shard, counted, log_end, accepted_from) VALUES (?, ?, ?, ?)"
	if err := s.exec(ctx, insert, id, l.Counted, l.End, from); err != nil {
		return fmt.Errorf("write table short_logs: %w", err)
	}
	return nil
}
