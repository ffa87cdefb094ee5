package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// Where visits and events are kept for a time, the audit compares what is as recent that all of its events are there: visits whose
// first fact is as late, and windows that none of the visits that are absent can have changed. Visits that began before are
// taken as the tables have them: they too contribute to these windows, and are inside.

// kept is what a shard keeps, from an offset on (the table retentions).
type kept struct {
	shard                    uint16
	offset, visits, events   uint64 // for how many milliseconds, 0 is without end
	visitsSince, eventsSince *int64
}

// beginning is the earliest instant that ClickHouse knows, 1900-01-01 in Unix milliseconds.
const beginning = -2_208_988_800_000

// retention finds since when the shards are compared, and prints it.
func (a *audit) retention(ctx context.Context, shards []shard) error {
	all, err := a.kept(ctx)
	if err != nil || len(all) == 0 {
		return err
	}
	var lapse int64
	for i := range a.cfg.Places {
		lapse = max(lapse, a.cfg.Places[i].LapseAfter.Milliseconds())
	}
	var present, since, windows, printed []string
	for _, s := range shards {
		visits, events := int64(beginning), int64(beginning)
		for _, k := range all {
			if k.shard == s.id && k.offset <= s.applied {
				visits, events = sinceOf(k.visitsSince, k.visits, s.watermark), sinceOf(k.eventsSince, k.events, s.watermark)
			}
		}
		events = max(events, visits)
		from := events
		if visits > beginning { // an absent visit may have lapsed as late as that
			from = max(from, visits+lapse)
		}
		a.since = max(a.since, events)
		present = append(present, fmt.Sprintf("%d, %d", s.id, visits))
		since = append(since, fmt.Sprintf("%d, %d", s.id, events))
		windows = append(windows, fmt.Sprintf("%d, %d", s.id, from/1000))
		if events > beginning {
			printed = append(printed, fmt.Sprintf("%d: %s and %s", s.id, instant(&events), instant(&from)))
		}
	}
	if len(printed) == 0 {
		return nil
	}
	a.p.Present, a.p.Since, a.p.WindowsSince = lookup(present), lookup(since), lookup(windows)
	_, err = fmt.Fprintf(a.out, "compared from their first facts on (visits) and from their starts on (windows), by shard: %s\n", strings.Join(printed, ", "))
	return err
}

func sinceOf(before *int64, kept uint64, watermark *int64) int64 {
	since := int64(beginning)
	if before != nil {
		since = *before
	}
	if kept > 0 && watermark != nil {
		since = max(since, *watermark-int64(kept))
	}
	return since
}

// lookup is a map in SQL, by shard.
func lookup(pairs []string) string {
	return "(map(" + strings.Join(pairs, ", ") + ")::Map(UInt16, Int64))"
}

func (a *audit) kept(ctx context.Context) (all []kept, err error) {
	rows, err := a.conn.Query(ctx, "SELECT shard, offset, visits_ms, events_ms, toUnixTimestamp64Milli(visits_since), toUnixTimestamp64Milli(events_since) FROM "+
		a.p.Database+".retentions FINAL ORDER BY shard, offset")
	if err != nil {
		return nil, fmt.Errorf("table retentions: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var k kept
		if err := rows.Scan(&k.shard, &k.offset, &k.visits, &k.events, &k.visitsSince, &k.eventsSince); err != nil {
			return nil, fmt.Errorf("table retentions: %w", err)
		}
		all = append(all, k)
	}
	return all, rows.Err()
}
