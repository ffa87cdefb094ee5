package query

import (
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	judge "dwell/dashboards/verdict"
	"dwell/dashboards/verdict/baseline"
)

// A verdict depends on the readings of the time remembered, and on maxRemembered of them at most.
const (
	remembered    = baseline.Back
	maxRemembered = 20_000
)

var latestOnes = "ORDER BY time DESC, source DESC, queue DESC, id DESC LIMIT " + strconv.Itoa(maxRemembered)

// readBefore reads what the verdicts on readings of a place depend on that came before from, the latest first.
func (s *Source) readBefore(ctx context.Context, id string, from time.Time, all []published) ([]published, error) {
	if len(all) == 0 {
		return nil, nil
	}
	known := map[[2]string]bool{}
	var sources, names []string
	for i := range all {
		if q := all[i].queue; !known[[2]string{q.source, q.name}] {
			known[[2]string{q.source, q.name}] = true
			sources, names = append(sources, q.source), append(names, q.name)
		}
	}
	return s.readPublished(ctx, id, from.Add(-remembered), from, ofQueues, latestOnes, clickhouse.Named("sources", sources), clickhouse.Named("names", names))
}

// ofQueues selects the queues that a query is given.
const ofQueues = "SELECT q.1, q.2 FROM (SELECT arrayJoin(arrayZip({sources:Array(String)}, {names:Array(String)})) AS q)"

func (s *Source) readPublished(ctx context.Context, id string, from, to time.Time, queues, order string, more ...any) (all []published, err error) {
	sql := `
SELECT source, queue, toString(direction), time, vehicles, wait_seconds, age_seconds, lanes_open, service_rate, toString(state)
FROM ` + s.table("readings") + ` FINAL
WHERE bcp = {bcp:String} AND retracted = 0 AND time >= fromUnixTimestamp64Milli({from:Int64}, 'UTC')
    AND time < fromUnixTimestamp64Milli({to:Int64}, 'UTC') AND (source, queue) IN (` + queues + `)
` + order
	args := append([]any{named("bcp", id), named("from", from.UnixMilli()), named("to", to.UnixMilli())}, more...)
	err = s.each(ctx, "readings", sql, args, func(rows driver.Rows) error {
		var r published
		err := rows.Scan(&r.source, &r.name, &r.direction, &r.Time, &r.Vehicles, &r.Wait, &r.Age, &r.Lanes, &r.Rate, &r.State)
		all = append(all, r)
		return err
	})
	return all, err
}

// judge gives the verdicts on readings of one place, which are ordered by time.
func (s *Source) judge(ctx context.Context, known *baselines, all []published) ([]judge.Verdict, error) {
	if len(all) == 0 {
		return nil, nil
	}
	shut, err := s.readClosures(ctx, known.place, all[0].Time)
	if err != nil {
		return nil, err
	}
	rules := known.ofReadings()
	rules.Closed = shut.during
	at := map[queue][]int{}
	readings := map[queue][]judge.Sample{}
	for i := range all {
		q := all[i].queue
		at[q], readings[q] = append(at[q], i), append(readings[q], all[i].Sample)
	}
	verdicts := make([]judge.Verdict, len(all))
	for q, of := range readings {
		for i, v := range rules.Judge(of) {
			verdicts[at[q][i]] = v
		}
	}
	return verdicts, nil
}

// ofReadings is how long no reading may come to the place.
func (h *baselines) ofReadings() judge.Rules {
	return judge.Rules{Silence: func(t time.Time) time.Duration {
		silence, _ := h.silenceOfReadings(t)
		return silence
	}}
}

// judged are the verdicts on the latest readings of a place.
type judged struct {
	by     *baselines
	latest []time.Time
	of     map[queue]judge.Verdict
}

// latestVerdicts judges the latest readings of a place, anew when there is another one, and with new baselines.
func (s *Source) latestVerdicts(ctx context.Context, known *baselines, latest []published) (map[queue]judge.Verdict, error) {
	times := make([]time.Time, len(latest))
	for i := range latest {
		times[i] = latest[i].Time
	}
	id := known.place.ID
	if had := s.judged[id]; had.by == known && slices.EqualFunc(had.latest, times, time.Time.Equal) {
		return had.of, nil
	}
	last := slices.MaxFunc(times, time.Time.Compare)
	all, err := s.readPublished(ctx, id, last.Add(-remembered), last.Add(time.Millisecond), s.shownQueues(), latestOnes)
	if err != nil {
		return nil, err
	}
	slices.Reverse(all)
	verdicts, err := s.judge(ctx, known, all)
	if err != nil {
		return nil, err
	}
	of := map[queue]judge.Verdict{}
	for i := range all {
		of[all[i].queue] = verdicts[i]
	}
	s.judged[id] = judged{known, times, of}
	return of, nil
}
