package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	judge "dwell/dashboards/verdict"
)

// queue is one that a source reports in one direction; each is judged by itself. Its name is empty where the source gives none.
type queue struct{ source, name, direction string }

// published is a reading as it was published, of a queue.
type published struct {
	queue
	judge.Sample
}

// readReadings reads the latest reading of each queue of each place that is shown, and how many are not.
func (s *Source) readReadings(ctx context.Context) (latest map[string][]published, leftOut map[string]int, err error) {
	// This reads all readings, so it does without FINAL: a duplicate does not change which reading is the latest, and retracted ones
	// are excluded by their retractions.
	sql := `
SELECT bcp, source, queue, direction, latest, observed, queues FROM (
    SELECT *, max(place_of_queue) OVER (PARTITION BY bcp) AS queues FROM (
        SELECT *, dense_rank() OVER (PARTITION BY bcp ORDER BY first, source, queue) AS place_of_queue FROM (
            SELECT *, min(seen) OVER (PARTITION BY bcp, source, queue) AS first FROM (
                SELECT bcp, source, queue, toString(direction) AS direction, min(logged) AS seen, max(time) AS latest,
                    argMax((vehicles, wait_seconds, age_seconds, lanes_open, service_rate, toString(state)), bitShiftLeft(toUInt128(toUnixTimestamp64Milli(time)), 64) + offset) AS observed
                FROM ` + s.table("readings") + ` WHERE ` + s.heldReadings() + `
                GROUP BY bcp, source, queue, direction))))
WHERE place_of_queue <= ` + seenFirst + `
ORDER BY bcp, source, queue, direction`
	latest, leftOut = map[string][]published{}, map[string]int{}
	err = s.each(ctx, "readings", sql, nil, func(rows driver.Rows) error {
		var (
			bcp    string
			r      published
			values []any
			queues uint64
		)
		if err := rows.Scan(&bcp, &r.source, &r.name, &r.direction, &r.Time, &values, &queues); err != nil {
			return err
		}
		r.Vehicles, r.Wait, r.Age, r.Lanes, r.Rate = nullable(values[0]), nullable(values[1]), nullable(values[2]), nullable(values[3]), nullable(values[4])
		r.State, _ = values[5].(string)
		latest[bcp] = append(latest[bcp], r)
		leftOut[bcp] = max(0, int(queues)-maxShown)
		return nil
	})
	return latest, leftOut, err
}

func nullable(v any) *uint64 {
	p, _ := v.(*uint64)
	return p
}

func (r *published) at(now time.Time, known *baselines, v judge.Verdict) overview.LatestReading {
	age := r.AgeAt(now)
	silence, _ := known.silenceOfReadings(now)
	out := overview.LatestReading{
		Source: r.source, Queue: r.name, Direction: r.direction, Time: r.Time.UTC(), Observed: r.observed(v),
		AgeSeconds: int64(age / time.Second), Stale: age > silence,
		FrozenSince: instantOf(v.FrozenSince), Reason: r.reason(v),
	}
	out.Frozen = out.FrozenSince != nil
	return out
}

func (r *published) observed(v judge.Verdict) overview.Observed {
	return overview.Observed{
		Vehicles: signed(r.Vehicles), WaitSeconds: signed(r.Wait), WaitReason: overview.Reason(v.WaitDoubt),
		LanesOpen: signed(r.Lanes), ServiceRate: signed(r.Rate), State: r.State,
	}
}

// reason is why a reading says nothing of its queue, empty if it does.
func (r *published) reason(v judge.Verdict) overview.Reason {
	if r.Vehicles == nil && r.Wait == nil {
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
