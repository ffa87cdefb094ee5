package query

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/verdict/baseline"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// baselines are those of one place. That of its trucks decides when the place is unknown, and where no truck was seen in
// all the weeks, that of the readings of its queue.
type baselines struct {
	place            *place.Place
	trucks, readings *baseline.Baseline
	// seen are the starts of the hours in which trucks were seen, in Unix seconds, in their order.
	seen []int64
}

// silence is how long a silence of the place may last at t, and whether that was learned.
func (h *baselines) silence(t time.Time) (time.Duration, bool) {
	if len(h.seen) == 0 {
		return h.silenceOfReadings(t)
	}
	return baseline.Tolerated(h.place, h.trucks, t)
}

// silenceOfReadings is how long no reading may come.
func (h *baselines) silenceOfReadings(t time.Time) (time.Duration, bool) {
	return baseline.Tolerated(h.place, h.readings, t)
}

// seenBefore is the start of the last hour before t in which trucks were seen; it is zero if they never were.
func (h *baselines) seenBefore(t time.Time) time.Time {
	at, _ := slices.BinarySearch(h.seen, t.Unix())
	if at == 0 {
		return time.Time{}
	}
	return time.Unix(h.seen[at-1], 0)
}

// baselinesAt are those of places as they were at t, or are now.
func (s *Source) baselinesAt(ctx context.Context, ids []string, t time.Time) (map[string]*baselines, error) {
	if s.now().Sub(t) < relearnAfter {
		read := s.read.Load()
		if read == nil {
			return nil, ErrUnread
		}
		return read.baselines, nil
	}
	all := map[string]*baselines{}
	for some := range slices.Chunk(ids, mostLearned) {
		learned, err := s.learn(ctx, some, t)
		if err != nil {
			return nil, err
		}
		maps.Copy(all, learned)
	}
	return all, nil
}

// mostLearned is of how many places a question learns the baselines at once: a quarter of an hour of a place may be a row of the result.
const mostLearned = mostReturned / int(baseline.Back/time.Hour) / 4

// SilentAfter is how long a silence of the place may last now, as was learned last, or as configured before.
func (s *Source) SilentAfter(id string) time.Duration {
	h := &baselines{place: s.place(id)}
	if read := s.read.Load(); read != nil {
		h = read.baselines[id]
	}
	silence, _ := h.silence(s.now())
	return silence
}

// learn reads the events of the weeks before now.
func (s *Source) learn(ctx context.Context, ids []string, now time.Time) (map[string]*baselines, error) {
	trucks, err := s.eventsByHour(ctx, "windows", ids, now, `
SELECT bcp, toUnixTimestamp(start) AS hour, toInt64(greatest(1, sumIf(n, `+window.SQLOf("arrivals", "releases", "refusals", "departures")+`)))
FROM `+s.table("windows")+` FINAL
WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour'
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({to:Int64})
GROUP BY bcp, hour ORDER BY bcp, hour`)
	if err != nil {
		return nil, err
	}
	// Everywhere, local hours begin at a quarter of an hour of UTC. Duplicates of a reading make no difference.
	readings, err := s.eventsByHour(ctx, "readings", ids, now, `
SELECT bcp, toUnixTimestamp(toStartOfFifteenMinutes(time)) AS quarter, toInt64(count())
FROM `+s.table("readings")+`
WHERE bcp IN ({ids:Array(String)}) AND retracted = 0
    AND time >= fromUnixTimestamp({from:Int64}) AND time < fromUnixTimestamp({to:Int64})
GROUP BY bcp, quarter ORDER BY bcp, quarter`)
	if err != nil {
		return nil, err
	}
	all := map[string]*baselines{}
	for _, id := range ids {
		p := s.place(id)
		h := &baselines{place: p, trucks: baseline.Learn(p, trucks[id], now), readings: baseline.Learn(p, readings[id], now)}
		for _, hour := range trucks[id] {
			h.seen = append(h.seen, hour.Start.Unix())
		}
		all[id] = h
	}
	return all, nil
}

func (s *Source) eventsByHour(ctx context.Context, what string, ids []string, now time.Time, sql string) (map[string][]baseline.Hour, error) {
	args := []any{clickhouse.Named("ids", ids), named("from", now.Add(-baseline.Back).Unix()), named("to", now.Unix())}
	all := map[string][]baseline.Hour{}
	err := s.each(ctx, "baselines of "+what, sql, args, func(rows driver.Rows) error {
		var bcp string
		var start uint32
		var h baseline.Hour
		if err := rows.Scan(&bcp, &start, &h.N); err != nil {
			return err
		}
		h.Start = time.Unix(int64(start), 0)
		all[bcp] = append(all[bcp], h)
		return nil
	})
	return all, err
}
