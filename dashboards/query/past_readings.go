package query

import (
	"context"
	"slices"
	"strconv"
	"time"

	"dwell/dashboards/overview"
)

// Readings reads those of [from, to) in the order of time, limit at most, of the queues that are shown. They are judged by the
// place's baseline at the end of the query, and by what came before each.
func (s *Source) Readings(ctx context.Context, id string, from, to time.Time, limit int) (*overview.Readings, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	learned, err := s.baselinesAt(ctx, []string{id}, to)
	if err != nil {
		return nil, err
	}
	known := learned[id]
	all, err := s.readPublished(ctx, id, from, to, s.shownQueues(), "ORDER BY time, source, queue, id LIMIT "+strconv.Itoa(limit+1))
	if err != nil {
		return nil, err
	}
	out := &overview.Readings{ID: id, From: from.UTC(), To: to.UTC(), Readings: []overview.PastReading{}}
	if len(all) > limit {
		all, out.Truncated = all[:limit], true
	}
	before, err := s.readBefore(ctx, id, from, all)
	if err != nil {
		return nil, err
	}
	slices.Reverse(before)
	verdicts, err := s.judge(ctx, known, append(before, all...))
	if err != nil {
		return nil, err
	}
	verdicts = verdicts[len(before):]
	next := map[queue]time.Time{}
	out.Readings = make([]overview.PastReading, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		r, v := &all[i], verdicts[i]
		past := overview.PastReading{
			Source: r.source, Queue: r.name, Direction: r.direction, Time: r.Time.UTC(), Observed: r.observed(v), AgeSeconds: signed(r.Age),
			Stale: v.Stale, FrozenSince: instantOf(v.FrozenSince), Reason: r.reason(v),
		}
		past.Frozen = past.FrozenSince != nil
		if past.Reason == "" && !past.Frozen {
			end := to
			if at, later := next[r.queue]; later {
				end = at
			}
			past.KnownUntil = instantOf(known.ofReadings().Until(r.Time, end))
		}
		next[r.queue] = r.Time
		out.Readings[i] = past
	}
	return out, nil
}
