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

// readReadings reads the latest readings of the sources of each place that are shown, and how many sources are not.
func (s *Source) readReadings(ctx context.Context) (latest map[string][]storedReading, leftOut map[string]int, err error) {
	// This reads all readings, so it does without FINAL: a duplicate does not change which reading is the latest, and retracted ones
	// are excluded by their retractions.
	sql := `
SELECT bcp, source, direction, latest, numbers, sources FROM (
    SELECT *, max(place_of_source) OVER (PARTITION BY bcp) AS sources FROM (
        SELECT *, dense_rank() OVER (PARTITION BY bcp ORDER BY first, source) AS place_of_source FROM (
            SELECT *, min(seen) OVER (PARTITION BY bcp, source) AS first FROM (
                SELECT bcp, source, toString(direction) AS direction, min(logged) AS seen, max(time) AS latest,
                    argMax((vehicles, wait_seconds, age_seconds), bitShiftLeft(toUInt128(toUnixTimestamp64Milli(time)), 64) + offset) AS numbers
                FROM ` + s.table("readings") + ` WHERE ` + s.heldReadings() + `
                GROUP BY bcp, source, direction))))
WHERE place_of_source <= ` + seenFirst + `
ORDER BY bcp, source, direction`
	latest, leftOut = map[string][]storedReading{}, map[string]int{}
	err = s.each(ctx, "readings", sql, nil, func(rows driver.Rows) error {
		var (
			bcp     string
			r       storedReading
			values  []any
			sources uint64
		)
		if err := rows.Scan(&bcp, &r.source, &r.direction, &r.time, &values, &sources); err != nil {
			return err
		}
		r.vehicles, r.wait, r.age = nullable(values[0]), nullable(values[1]), nullable(values[2])
		latest[bcp] = append(latest[bcp], r)
		leftOut[bcp] = max(0, int(sources)-maxShown)
		return nil
	})
	return latest, leftOut, err
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
