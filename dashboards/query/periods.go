package query

import (
	"context"
	"slices"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
	"dwell/metrics/calendar"
	"dwell/metrics/window"
)

// Periods reads one measure of places together, by periods of local days. The places must be of Places. A day is the same local date at
// each place, however their time zones differ, so that each adds whole days. Sketches of days are merged: a quantile is that of all
// trucks of the period. A day is known or unknown as History says of it.
func (s *Source) Periods(ctx context.Context, q overview.PeriodsQuery) (*overview.History, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	progress, err := s.Progress(ctx)
	if err != nil {
		return nil, err
	}
	members, err := s.members(ctx, q)
	if err != nil {
		return nil, err
	}
	now := s.now()
	periods := periodsOf(q, members)
	first, last := periods[0].From, periods[len(periods)-1].Until
	before, net := first, false
	for _, m := range members {
		from := m.midnight(first)
		before = min(before, m.dateOf(from.Add(-m.known.longest(from, q.To))))
		net = net || closedDuring(s.openings(m.Place), from.UnixMilli(), m.midnight(last).UnixMilli())
	}
	if err := s.readSeen(ctx, daysOf(members, before, last), members); err != nil {
		return nil, err
	}
	days := daysOf(members, first, last)
	inside, err := s.insideBeforeDays(ctx, days, q.Filter)
	if err != nil {
		return nil, err
	}
	rows, err := s.readPast(ctx, s.daysIn(days, periods, now), q.Measure, q.Filter, net)
	if err != nil {
		return nil, err
	}
	out := &overview.History{
		ID: q.ID, Places: q.Places, Measure: q.Measure, Grain: q.Grain.String(), Filter: q.Filter,
		AsOf: progress.AsOf, FinalUntil: progress.FinalUntil, Windows: make([]overview.Window, len(periods)),
	}
	if len(days) == 1 {
		out.TimeZone = days[0].zone
	}
	if q.Grain == calendar.Week {
		out.WeekBegins = place.DayName(q.WeekBegins)
	}
	revised, err := s.revisedDays(ctx, q, members, first, last)
	if err != nil {
		return nil, err
	}
	known := knownDays(members, before, periods, now)
	for i, p := range periods {
		row := rows[int64(p.From)]
		if row == nil {
			row = &past{}
		}
		inside += row.arrivals - row.left
		w := &out.Windows[i]
		w.Name, w.FirstDate, w.LastDate = q.Grain.Name(p.From, q.WeekBegins), p.From.String(), (p.Until - 1).String()
		for _, m := range members {
			if start := m.midnight(p.From); w.Start.IsZero() || start.Before(w.Start) {
				w.Start = start
			}
			if end := m.midnight(p.Until); end.After(w.End) {
				w.End = end
			}
		}
		w.Final = progress.FinalUntil != nil && !w.End.After(*progress.FinalUntil)
		changed := slices.ContainsFunc(revised, func(at time.Time) bool { return !at.Before(w.Start) && at.Before(w.End) })
		w.Finality = finality(w.Final, changed)
		known[i].fill(w, row, inside, window.KindOf(q.Measure) != window.Time)
	}
	out.From, out.To = out.Windows[0].Start, out.Windows[len(periods)-1].End
	return out, nil
}

// revisedDays are when the local days from first until last begin that late events have changed since they were final, at any of the places.
func (s *Source) revisedDays(ctx context.Context, q overview.PeriodsQuery, members []*member, first, last calendar.Date) (all []time.Time, err error) {
	for _, m := range members {
		ask := overview.HistoryQuery{ID: m.ID, Measure: q.Measure, Grain: window.Day, To: m.midnight(last), Filter: q.Filter}
		days, err := s.revised(ctx, ask, m.midnight(first))
		if err != nil {
			return nil, err
		}
		for start := range days {
			all = append(all, time.Unix(start, 0))
		}
	}
	return all, nil
}

// member is a place of a question about periods.
type member struct {
	*place.Place
	clock  window.Clock
	known  *baselines
	silent overview.Reason
	// seen are the local days that have a row of any measure.
	seen map[calendar.Date]bool
}

func (s *Source) members(ctx context.Context, q overview.PeriodsQuery) (all []*member, err error) {
	learned, err := s.baselinesAt(ctx, q.Places, q.To)
	if err != nil {
		return nil, err
	}
	for _, id := range q.Places {
		p := s.place(id)
		all = append(all, &member{
			Place: p, clock: window.NewClock(p.Zone), known: learned[id], silent: s.silentReason(p), seen: map[calendar.Date]bool{},
		})
	}
	return all, nil
}

// midnight is when the day with a local date begins at the place. Where clocks jump over the date, it is when the next one does.
func (m *member) midnight(d calendar.Date) time.Time { return instant(m.clock.Midnight(int32(d))) }

// dateOf is the local date of the day that has t in it.
func (m *member) dateOf(t time.Time) calendar.Date {
	return calendar.Date(m.clock.DateOf(m.clock.In(windowAt(window.Day, t), window.Day).Start))
}

// periodsOf are the periods that have the local dates of [q.From, q.To) at any of the places in them.
func periodsOf(q overview.PeriodsQuery, members []*member) (all []calendar.Period) {
	first, last := members[0].dateOf(q.From), members[0].dateOf(q.From)
	for _, m := range members {
		first, last = min(first, m.dateOf(q.From)), max(last, m.dateOf(q.To.Add(-time.Millisecond)))
	}
	if q.FromDate != 0 {
		first = q.FromDate
	}
	if q.ToDate != 0 {
		last = q.ToDate - 1
	}
	for at := first; at <= max(first, last); {
		p := q.Grain.Of(at, q.WeekBegins)
		all, at = append(all, p), p.Until
	}
	return all
}
