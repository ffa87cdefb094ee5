package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	judge "dwell/dashboards/verdict"
)

// storedReading is the latest reading of one source and direction.
type storedReading struct {
	source, direction   string
	time                time.Time
	vehicles, wait, age *uint64
}

func (s *Source) readReadings(ctx context.Context) (map[string][]storedReading, error) {
	// This reads all readings, so it does without FINAL, which is many times slower: a duplicate does not change which
	// reading is the latest, and retracted ones are excluded by their retractions.
	sql := `
SELECT bcp, source, toString(direction), max(time),
    argMax((vehicles, wait_seconds, age_seconds), bitShiftLeft(toUInt128(toUnixTimestamp64Milli(time)), 64) + offset)
FROM ` + s.table("readings") + `
WHERE retracted = 0
    AND (bcp, source, id, edition) NOT IN (SELECT bcp, source, id, edition FROM ` + s.table("readings") + ` WHERE retracted = 1)
GROUP BY bcp, source, direction
ORDER BY bcp, source, direction`
	all := map[string][]storedReading{}
	err := s.each(ctx, "readings", sql, nil, func(rows driver.Rows) error {
		var (
			bcp    string
			r      storedReading
			values []any
		)
		if err := rows.Scan(&bcp, &r.source, &r.direction, &r.time, &values); err != nil {
			return err
		}
		r.vehicles, r.wait, r.age = nullable(values[0]), nullable(values[1]), nullable(values[2])
		all[bcp] = append(all[bcp], r)
		return nil
	})
	return all, err
}

func nullable(v any) *uint64 {
	p, _ := v.(*uint64)
	return p
}

func (r *storedReading) at(now time.Time, known *baselines, v judge.Verdict) overview.LatestReading {
	one := judge.Sample{Time: r.time, Age: r.age}
	age := one.AgeAt(now)
	silence, _ := known.silenceOfReadings(now)
	out := overview.LatestReading{
		Source: r.source, Direction: r.direction, Time: r.time.UTC(),
		Vehicles: signed(r.vehicles), WaitSeconds: signed(r.wait),
		AgeSeconds: int64(age / time.Second), Stale: age > silence,
		FrozenSince: instantOf(v.FrozenSince), Reason: reasonOf(r.vehicles, r.wait, v),
	}
	out.Frozen = out.FrozenSince != nil
	return out
}

// reasonOf is why a reading says nothing of its queue, empty if it does.
func reasonOf(vehicles, wait *uint64, v judge.Verdict) overview.Reason {
	if vehicles == nil && wait == nil {
		return overview.NotReported
	}
	return overview.Reason(v.Doubt)
}

func instantOf(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = t.UTC()
	return &t
}

func signed(v *uint64) *int64 {
	if v == nil {
		return nil
	}
	n := int64(*v)
	return &n
}
