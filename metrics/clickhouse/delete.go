package clickhouse

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Visits and events are deleted by the progress of their shard and not by ClickHouse's clock, as a TTL would: while a shard
// stands still, because nothing passes or the program is stopped, its visits stay as they are, and may continue.
//
// A visit is absent in the log's sense before it is deleted, so nobody misses it. Of a visit the newest row is never deleted while an
// older one stays: deleted are the rows as of less than an offset, which is at most that of every row that is not absent. An instance
// that has read an older progress, or has lost the shard, has a pause to end in.

// Deleter deletes the rows of visits and events that are no longer kept.
type Deleter struct {
	Store *Store
	// Later is how much longer than their retention rows are kept.
	Later time.Duration
	Log   *slog.Logger
}

// pause is the time between reading what is no longer kept and deleting it, and every is that between two deletions.
const pause, every = time.Hour, 24 * time.Hour

// Run deletes once a day, the first time after an hour. An error is logged, and the next day tries again.
func (d Deleter) Run(ctx context.Context) error {
	log := d.Log.With("component", "retention")
	wait := func(t time.Duration) error {
		timer := time.NewTimer(t)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-timer.C:
			return nil
		}
	}
	for {
		kept, err := d.Store.Kept(ctx)
		if err := wait(pause); err != nil {
			return err
		}
		if err == nil {
			err = d.Store.Delete(ctx, kept, d.Later)
		}
		if err != nil && ctx.Err() == nil {
			log.Error("rows that are no longer kept were not deleted; the next try is tomorrow", "error", err)
		}
		if err := wait(every - pause); err != nil {
			return err
		}
	}
}

// Kept is since when a shard keeps visits, by their last fact, and events, by their time, both in Unix milliseconds.
type Kept struct {
	Shard       uint16
	Progress    uint64
	VisitsSince int64
	EventsSince int64
}

// Kept returns what the shards keep as of their progress, in their order. A shard without a retention is missing.
func (s *Store) Kept(ctx context.Context) (all []Kept, err error) {
	const query = `SELECT shard, progress, toUnixTimestamp64Milli(visits_since), toUnixTimestamp64Milli(events_since) FROM retained ORDER BY shard`
	rows, err := s.conn.Query(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("read table retentions: %w", damaged(err))
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var k Kept
		if err := rows.Scan(&k.Shard, &k.Progress, &k.VisitsSince, &k.EventsSince); err != nil {
			return nil, fmt.Errorf("read table retentions: %w", damaged(err))
		}
		all = append(all, k)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("read table retentions: %w", damaged(err))
	}
	return all, nil
}

// lastOfVisit is the time of a visit's last fact, or the end of the month of one without facts.
const lastOfVisit = "ifNull(last_fact, toDateTime64(addMonths(makeDate(intDiv(month, 100), month % 100, 1), 1), 3, 'UTC'))"

// Delete begins to delete what the shards do not keep, so much later. Facts about places stay: the audit knows from them when
// BCPs were open, and they name no truck.
func (s *Store) Delete(ctx context.Context, kept []Kept, later time.Duration) error {
	var visits, events []string
	for _, k := range kept {
		if since := k.VisitsSince - later.Milliseconds(); since > earliest {
			var below uint64
			query := "SELECT toUInt64(least(toUInt64(?), ifNull(minOrNull(as_of), toUInt64(?)))) FROM visits WHERE shard = ? AND " + lastOfVisit + " >= fromUnixTimestamp64Milli(?)"
			if err := s.conn.QueryRow(ctx, query, k.Progress, k.Progress, k.Shard, since).Scan(&below); err != nil {
				return fmt.Errorf("read table visits: %w", damaged(err))
			}
			visits = append(visits, fmt.Sprintf("shard = %d AND as_of < %d", k.Shard, below))
		}
		if since := k.EventsSince - later.Milliseconds(); since > earliest {
			events = append(events, fmt.Sprintf("shard = %d AND time < fromUnixTimestamp64Milli(%d) AND ifNull(retracted_time, time) < fromUnixTimestamp64Milli(%d)"+
				" AND type NOT IN ('bcp.opened', 'bcp.closed') AND NOT (type = 'event.retracted' AND subject = bcp)", k.Shard, since, since))
		}
	}
	for _, t := range []struct {
		table string
		any   []string
	}{{"visits", visits}, {"events", events}} {
		if len(t.any) == 0 {
			continue
		}
		where := " WHERE " + strings.Join(t.any, " OR ")
		var some uint64
		if err := s.conn.QueryRow(ctx, "SELECT count() FROM (SELECT 1 FROM "+t.table+where+" LIMIT 1)").Scan(&some); err != nil {
			return fmt.Errorf("read table %s: %w", t.table, damaged(err))
		}
		if some == 0 {
			continue // a deletion would look at all parts
		}
		if err := s.exec(ctx, "ALTER TABLE "+t.table+" DELETE"+where); err != nil {
			return fmt.Errorf("delete from table %s: %w", t.table, err)
		}
	}
	return nil
}
