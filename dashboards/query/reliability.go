package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/annotation"
	"dwell/ingest/place"
	"dwell/metrics/reliability"
	"dwell/metrics/variation"
	"dwell/metrics/window"
)

// Reliability says how far one can rely on a time at a place. Its chart begins with the last year's first day, so that the days which limits are learned
// from do not slide.
func (s *Source) Reliability(ctx context.Context, q overview.ReliabilityQuery) (*overview.Reliability, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	p := s.place(q.ID)
	y, m, d := s.now().In(p.Zone).Date()
	today := time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
	days, err := s.dailyTimes(ctx, p, q, time.Date(y-1, 1, 1, 0, 0, 0, 0, p.Zone), time.Date(y, m, d, 0, 0, 0, 0, p.Zone))
	if err != nil {
		return nil, err
	}
	arrived, err := s.timesByArrival(ctx, p, q, time.Date(y, m, d-reliability.Days, 0, 0, 0, 0, p.Zone), time.Date(y, m, d, 0, 0, 0, 0, p.Zone))
	if err != nil {
		return nil, err
	}
	out := &overview.Reliability{ID: q.ID, Measure: q.Measure, Direction: q.Direction, TimeZone: p.Zone.String(), Statistic: "p50"}
	quantile := 0.5
	target := p.TargetAt(q.Measure, s.now())
	if target != nil {
		seconds := int64(target.Within / time.Second)
		out.TargetSeconds, out.Statistic, quantile = &seconds, target.Statistic(), target.Quantile
	}
	allow := reliability.TimeToAllow(days, arrived, today)
	out.From, out.Until, out.KnownDays = allow.From.Format(time.DateOnly), allow.Until.Format(time.DateOnly), allow.Known
	out.Allow = overview.Allow{N: allow.N, P95Seconds: allow.P95, MeanSeconds: allow.Mean, Buffer: allow.Buffer, Enough: shareOf(allow.Enough)}
	if target != nil {
		var last window.Bins
		for i := range days {
			if !days[i].Date.Before(allow.From) {
				last = and(last, days[i].Bins)
			}
		}
		within := shareOf(reliability.Within(last, target.Within.Seconds()))
		out.WithinTarget = &within
	}
	changes, err := s.changesOf(ctx, p, time.Date(y-1, 1, 1, 0, 0, 0, 0, p.Zone), time.Date(y, m, d, 0, 0, 0, 0, p.Zone))
	if err != nil {
		return nil, err
	}
	chartOf(out, days, changes, quantile, target)
	return out, nil
}

func shareOf(s reliability.Share) overview.Share {
	return overview.Share{N: s.N, Share: s.Share, Low: s.Low, High: s.High}
}

// chartOf adds the chart of the daily values, and its verdicts.
func chartOf(out *overview.Reliability, days []reliability.Day, changes []time.Time, quantile float64, target *place.Target) {
	var values []variation.Day
	for i := range days {
		v := variation.Day{Date: days[i].Date, Value: days[i].Bins.Quantile(quantile)}
		for _, b := range days[i].Bins {
			v.N += int64(b.Count)
		}
		if v.N > 0 {
			values = append(values, v)
		}
	}
	chart := variation.New(values, changes)
	if k := chart.Variation(variation.Lower); k != nil {
		word := string(*k)
		out.Variation = &word
	}
	if target != nil {
		if a := chart.Assurance(variation.Lower, target.Within.Seconds()); a != nil {
			word := string(*a)
			out.Assurance = &word
		}
	}
	if n := len(chart.Baselines); n > 0 {
		b := &chart.Baselines[n-1]
		out.FalseSignals = b.FalseSignals()
		if l := b.Limits; l != nil {
			out.Limits = &overview.NaturalLimits{LowerSeconds: max(0, l.Lower), CentreSeconds: l.Centre, UpperSeconds: l.Upper, Days: l.Days, Provisional: l.Provisional()}
		}
	}
	out.Days = []overview.DayValue{}
	for i := range chart.Points {
		point := &chart.Points[i]
		d := overview.DayValue{Date: point.Date.Format(time.DateOnly), N: point.N, ValueSeconds: &point.Value, Rules: []string{}, Signal: point.Signal}
		if point.Limits != nil {
			lower := max(0, point.Limits.Lower)
			d.LowerSeconds, d.UpperSeconds = &lower, &point.Limits.Upper
		}
		for _, r := range point.Rules {
			d.Rules = append(d.Rules, string(r))
		}
		out.Days = append(out.Days, d)
	}
}

// changesOf are the local dates on which a process changed at a place, as somebody has annotated: the chart begins anew on each.
func (s *Source) changesOf(ctx context.Context, p *place.Place, from, until time.Time) (dates []time.Time, err error) {
	all, err := s.annotations(ctx, p.ID, from, until, mostReturned)
	for i := range all {
		if at := all[i].From; all[i].Kind == annotation.ProcessChange && !at.Before(from) {
			y, m, d := at.In(p.Zone).Date()
			dates = append(dates, time.Date(y, m, d, 0, 0, 0, 0, time.UTC))
		}
	}
	return dates, err
}

// dailyTimes reads the times that ended on the local days that begin in [from, until).
func (s *Source) dailyTimes(ctx context.Context, p *place.Place, q overview.ReliabilityQuery, from, until time.Time) (days []reliability.Day, err error) {
	filter, args := condition(overview.Filter{Direction: q.Direction})
	sql := `
SELECT toUnixTimestamp(start), sum(sum_ms), toString(sumMap(bins))
FROM ` + s.table("windows") + ` FINAL PREWHERE bcp = {bcp:String} AND grain = 'day' AND ` + ofDays("measure = {of:String}") + `
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({until:Int64})` + filter + `
GROUP BY start ORDER BY start`
	args = append(args, named("bcp", p.ID), named("of", q.Measure), named("from", from.Unix()), named("until", until.Unix()))
	return days, s.each(ctx, "windows", sql, args, func(rows driver.Rows) error {
		var start uint32
		var day reliability.Day
		var bins string
		if err := rows.Scan(&start, &day.Ms, &bins); err != nil {
			return err
		}
		y, m, d := time.Unix(int64(start), 0).In(p.Zone).Date()
		day.Date = time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
		var err error
		day.Bins, err = parseBins(bins)
		days = append(days, day)
		return err
	})
}

// timesByArrival reads the times that ended in [from, until), by the local date of the arrival.
func (s *Source) timesByArrival(ctx context.Context, p *place.Place, q overview.ReliabilityQuery, from, until time.Time) (all []reliability.Arrivals, err error) {
	ends, ms := "released", "release_ms"
	if q.Measure == window.CrossingTime.Name(nil) {
		ends, ms = "departed", "crossing_ms"
	}
	filter, args := condition(overview.Filter{Direction: q.Direction})
	sql := `
SELECT toString(toDate(assumeNotNull(arrived), {zone:String})) AS date, toString(sumMap(map(` + window.SQLOfBin("assumeNotNull("+ms+")") + `::Int16, 1::UInt32)))
FROM ` + s.table("visits") + ` FINAL
WHERE bcp = {bcp:String} AND ` + ms + ` IS NOT NULL AND ` + ends + ` >= fromUnixTimestamp({from:Int64}) AND ` + ends + ` < fromUnixTimestamp({until:Int64})
    AND ` + window.SQLOfFactsDuring("fromUnixTimestamp({from:Int64})", "fromUnixTimestamp({until:Int64})") + ` AND ` + s.present() + filter + `
GROUP BY date ORDER BY date`
	args = append(args, named("bcp", p.ID), named("zone", p.Zone), named("from", from.Unix()), named("until", until.Unix()))
	return all, s.each(ctx, "visits", sql, args, func(rows driver.Rows) error {
		var date, bins string
		if err := rows.Scan(&date, &bins); err != nil {
			return err
		}
		at, err := time.Parse(time.DateOnly, date)
		if err != nil {
			return err
		}
		of := reliability.Arrivals{Date: at}
		of.Bins, err = parseBins(bins)
		all = append(all, of)
		return err
	})
}
