package query

import (
	"context"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/verdict/baseline"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// habits are those of one place. That of its trucks decides when the place is unknown, and where no truck was heard in
// all the weeks, that of the readings of its queue.
type habits struct {
	place            *place.Place
	trucks, readings *baseline.Habit
	// heard are the starts of the hours in which trucks were heard, in Unix seconds, in their order.
	heard []int64
}

// silence is how long a silence of the place may last at t, and whether that was learnt.
func (h *habits) silence(t time.Time) (time.Duration, bool) {
	if len(h.heard) == 0 {
		return h.silenceOfReadings(t)
	}
	return baseline.Tolerated(h.place, h.trucks, t)
}

// silenceOfReadings is how long no reading may come.
func (h *habits) silenceOfReadings(t time.Time) (time.Duration, bool) {
	return baseline.Tolerated(h.place, h.readings, t)
}

// heardBefore is the start of the last hour before t in which trucks were heard, zero if there is none.
func (h *habits) heardBefore(t time.Time) time.Time {
	at, _ := slices.BinarySearch(h.heard, t.Unix())
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(h.heard[at-1], 0)
}

// relearnAfter is how long habits count as those of now.
const relearnAfter = time.Hour

// habitsNow are those of all places by id, read anew at most once an hour.
func (s *Source) habitsNow(ctx context.Context) (map[string]*habits, error) {
	s.learning.Lock()
	defer s.learning.Unlock()
	now := s.now()
	if age := now.Sub(s.learntAt); s.learnt != nil && 0 <= age && age < relearnAfter {
		return s.learnt, nil
	}
	learnt, err := s.learn(ctx, s.ids, now)
	if err != nil {
		s.failedAt = now
		return nil, err
	}
	s.learnt, s.learntAt = learnt, now
	return learnt, nil
}

// habitsAt are those of one place as they were at t, or are now.
func (s *Source) habitsAt(ctx context.Context, id string, t time.Time) (*habits, error) {
	if s.now().Sub(t) < relearnAfter {
		all, err := s.habitsNow(ctx)
		return all[id], err
	}
	all, err := s.learn(ctx, []string{id}, t)
	return all[id], err
}

// SilentAfter is how long a silence of the place may last now. While the store does not answer, which is asked once a
// minute then, it is as was learnt last, or as configured.
func (s *Source) SilentAfter(ctx context.Context, id string) time.Duration {
	s.learning.Lock()
	all, failed := s.learnt, s.now().Sub(s.failedAt) < time.Minute
	s.learning.Unlock()
	if !failed {
		if learnt, err := s.habitsNow(ctx); err == nil {
			all = learnt
		}
	}
	h := all[id]
	if h == nil {
		h = &habits{place: s.place(id)}
	}
	silence, _ := h.silence(s.now())
	return silence
}

// learn reads what was heard in the weeks before now.
func (s *Source) learn(ctx context.Context, ids []string, now time.Time) (map[string]*habits, error) {
	trucks, err := s.heard(ctx, "windows", ids, now, `
SELECT bcp, toUnixTimestamp(start) AS hour, toInt64(greatest(1, sumIf(n, `+window.SQLOf("arrivals", "releases", "refusals", "departures")+`)))
FROM `+s.table("windows")+` FINAL
WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour'
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({to:Int64})
GROUP BY bcp, hour ORDER BY bcp, hour`)
	if err != nil {
		return nil, err
	}
	// Local hours begin at a quarter of an hour of UTC everywhere. A reading that is there twice makes no difference.
	readings, err := s.heard(ctx, "readings", ids, now, `
SELECT bcp, toUnixTimestamp(toStartOfFifteenMinutes(time)) AS quarter, toInt64(count())
FROM `+s.table("readings")+`
WHERE bcp IN ({ids:Array(String)}) AND retracted = 0
    AND time >= fromUnixTimestamp({from:Int64}) AND time < fromUnixTimestamp({to:Int64})
GROUP BY bcp, quarter ORDER BY bcp, quarter`)
	if err != nil {
		return nil, err
	}
	all := map[string]*habits{}
	for _, id := range ids {
		p := s.place(id)
		h := &habits{place: p, trucks: baseline.Learn(p, trucks[id], now), readings: baseline.Learn(p, readings[id], now)}
		for _, hour := range trucks[id] {
			h.heard = append(h.heard, hour.Start.Unix())
		}
		all[id] = h
	}
	return all, nil
}

func (s *Source) heard(ctx context.Context, what string, ids []string, now time.Time, sql string) (map[string][]baseline.Heard, error) {
	args := []any{clickhouse.Named("ids", ids), named("from", now.Add(-baseline.Back).Unix()), named("to", now.Unix())}
	all := map[string][]baseline.Heard{}
	err := s.each(ctx, "habits of "+what, sql, args, func(rows driver.Rows) error {
		var bcp string
		var start uint32
		var h baseline.Heard
		if err := rows.Scan(&bcp, &start, &h.N); err != nil {
			return err
		}
		h.Start = time.Unix(int64(start), 0)
		all[bcp] = append(all[bcp], h)
		return nil
	})
	return all, err
}
