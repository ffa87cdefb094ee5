package query

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/usual"
	"dwell/metrics/window"
)

const week = 7 * 24 * time.Hour

// UsualWeek says what is usual at a place, beside what is now.
func (s *Source) UsualWeek(ctx context.Context, q overview.UsualQuery) (*overview.UsualWeek, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	p, now, known := s.place(q.ID), s.now().UTC(), s.usual.Load()
	b, d, err := s.codes(q.ID, q.Direction)
	if err != nil {
		return nil, err
	}
	out := &overview.UsualWeek{
		ID: q.ID, Direction: q.Direction, TimeZone: p.Zone.String(), Time: now, Learned: instantOf(known.At), Measures: []overview.Compared{},
	}
	if err := s.compareTrucks(ctx, out, p, b, d, q.Measure, known); err != nil {
		return nil, err
	}
	if err := s.compareReadings(ctx, out, p, b, d, q.Measure, known); err != nil {
		return nil, err
	}
	out.Windows, err = s.compareWindows(ctx, p, q.Direction, now)
	return out, err
}

// compareTrucks adds the measures of trucks. Inside is as of now, others are of the last whole hour.
func (s *Source) compareTrucks(ctx context.Context, out *overview.UsualWeek, p *place.Place, b event.BCP, d event.Direction, only string, known *usual.InForce) error {
	now := out.Time
	read := s.read.Load()
	if read == nil {
		return ErrUnread
	}
	hour := startOf(window.Hour, now, p.Zone)
	lastHour := startOf(window.Hour, hour.Add(-time.Minute), p.Zone)
	values := map[usual.Measure]map[int64]float64{}
	for _, span := range [][2]time.Time{{lastHour, hour}, {lastHour.Add(-week), hour.Add(-week + time.Hour)}} {
		all, err := s.hourlyValues(ctx, p, read.baselines[p.ID], span[0], span[1])
		if err != nil {
			return err
		}
		for of, some := range all {
			if of.Direction != d {
				continue
			}
			if values[of.Measure] == nil {
				values[of.Measure] = map[int64]float64{}
			}
			for _, v := range some {
				values[of.Measure][v.Start.Unix()] = v.X
			}
		}
	}
	v := s.viewAt(b, now)
	silence := v.withoutTrucks(v.silence())
	for _, m := range usual.OfTrucks {
		if only != "" && only != string(m) {
			continue
		}
		of, at, reason := usual.Series{BCP: b, Direction: d, Measure: m}, lastHour, silence
		var x *float64
		if before, is := values[m][at.Unix()]; is {
			x, reason = &before, ""
		} else if reason == "" {
			reason = overview.NoValues
		}
		if m == usual.Inside {
			at, x, reason = now, ifKnown(silence == "", float64(v.trucks(d))), silence
		}
		c := compared(of, known, at, p, x, openFor(v.openings, d, at), reason)
		if before, is := values[m][startOf(window.Hour, at, p.Zone).Add(-week).Unix()]; is {
			c.LastWeek = &before
		}
		c.Hours = hoursOfWeek(only != "", of, known)
		out.Measures = append(out.Measures, c)
	}
	return nil
}

// compareReadings adds what readings say of each queue now. A queue without a direction is in each answer.
func (s *Source) compareReadings(_ context.Context, out *overview.UsualWeek, p *place.Place, b event.BCP, d event.Direction, only string, known *usual.InForce) error {
	read := s.read.Load()
	if read == nil {
		return ErrUnread
	}
	openings := s.hours(b, s.border.Overview().Places[b].Openings)
	var all []overview.Compared
	for _, r := range read.latestReadings(p.ID, out.Time) {
		of, _ := event.ParseDirection([]byte(r.Direction))
		if d != event.NoDirection && of != event.NoDirection && of != d {
			continue
		}
		seen := map[usual.Series]usual.Seen{}
		s.seeReading(seen, b, &r, out.Time, known.Learned, openings)
		for series, now := range seen {
			if only != "" && only != string(series.Measure) {
				continue
			}
			reason := cmp.Or(r.Reason, r.WaitReason)
			if now.X == nil && reason == "" {
				reason = overview.Stale
			}
			c := compared(series, known, out.Time, p, now.X, openFor(openings, of, out.Time), reason)
			c.Hours = hoursOfWeek(only != "", series, known)
			all = append(all, c)
		}
	}
	slices.SortFunc(all, func(a, b overview.Compared) int {
		return cmp.Or(cmp.Compare(a.Source, b.Source), cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Measure, b.Measure))
	})
	out.Measures = append(out.Measures, all...)
	return nil
}

// compared compares a value, nil where it is not known for a reason.
func compared(of usual.Series, known *usual.InForce, at time.Time, p *place.Place, x *float64, open bool, reason overview.Reason) overview.Compared {
	seen := known.See(of, at, p.Zone, x, open)
	c := overview.Compared{
		Measure: string(of.Measure), Unit: of.Measure.Unit(), Source: of.Source, Queue: of.Queue, Time: at.UTC(), Value: x, Deviation: to(2, seen.Deviation),
	}
	if of.Direction != event.NoDirection {
		c.Direction = of.Direction.String()
	}
	if x == nil {
		c.Reason = reason
	}
	c.Quartiles, reason = quartiles(of, known, at, p, open)
	c.Reason = cmp.Or(c.Reason, reason)
	if l := known.Looked[of]; l.Spike.Is() {
		c.SpikeSince = instantOf(l.Spike.Since)
	}
	return c
}

// quartiles are what is usual in the hour that an instant is in, or why that is not known.
func quartiles(of usual.Series, known *usual.InForce, at time.Time, p *place.Place, open bool) (overview.Quartiles, overview.Reason) {
	hour := known.Of(of, at, p.Zone)
	switch {
	case known.Weeks[of] == nil:
		return overview.Quartiles{}, overview.NotLearned
	case !open:
		return overview.Quartiles{}, overview.PlaceClosed
	case !hour.Known():
		return overview.Quartiles{Weeks: hour.Weeks}, overview.FewWeeks
	}
	return quartilesOf(hour), ""
}

func quartilesOf(h usual.Hour) overview.Quartiles {
	if !h.Known() {
		return overview.Quartiles{Weeks: h.Weeks}
	}
	return overview.Quartiles{P25: &h.P25, Median: &h.Median, P75: &h.P75, Weeks: h.Weeks}
}

func hoursOfWeek(wanted bool, of usual.Series, known *usual.InForce) []overview.Quartiles {
	learned := known.Weeks[of]
	if !wanted || learned == nil {
		return nil
	}
	var all []overview.Quartiles
	for _, h := range learned.Hours {
		all = append(all, quartilesOf(h))
	}
	return all
}

// to is a number to so many decimals, nil as it is.
func to(decimals int, x *float64) *float64 {
	if x == nil {
		return nil
	}
	unit := math.Pow10(decimals)
	r := math.Round(*x*unit)/unit + 0 // no negative zero
	return &r
}

// usualNow is what the overview says of a place: in whole trucks and tenths, since what lies between two hours changes all the time, and each change is
// sent to all viewers.
func (s *Source) usualNow(v *view, b event.BCP) overview.Usual {
	known := s.usual.Load()
	of := usual.Series{BCP: b, Measure: usual.Inside}
	unknown := v.withoutTrucks(v.silence())
	c := compared(of, known, v.now, v.place, ifKnown(unknown == "", float64(v.inside.trucks)), openFor(v.openings, event.NoDirection, v.now), unknown)
	between := overview.Quartiles{P25: to(0, c.P25), Median: to(0, c.Median), P75: to(0, c.P75), Weeks: c.Weeks}
	out := overview.Usual{Quartiles: between, Deviation: to(1, c.Deviation), Reason: c.Reason, Spikes: []overview.Spike{}}
	for of, l := range known.Looked {
		if of.BCP != b || !l.Spike.Is() {
			continue
		}
		spike := overview.Spike{Measure: string(of.Measure), Source: of.Source, Queue: of.Queue, Since: l.Spike.Since.UTC()}
		if of.Direction != event.NoDirection {
			spike.Direction = of.Direction.String()
		}
		out.Spikes = append(out.Spikes, spike)
	}
	slices.SortFunc(out.Spikes, func(a, b overview.Spike) int {
		return cmp.Or(cmp.Compare(a.Measure, b.Measure), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Queue, b.Queue), cmp.Compare(a.Direction, b.Direction))
	})
	return out
}

// compareWindows reads the last 24 whole local hours, and those of a week, a month and a year before.
func (s *Source) compareWindows(ctx context.Context, p *place.Place, direction string, now time.Time) ([]overview.ComparedWindow, error) {
	to := startOf(window.Hour, now, p.Zone).In(p.Zone)
	var all []overview.ComparedWindow
	var during []string
	for i, w := range []struct {
		name           string
		y, month, days int
	}{{"now", 0, 0, 0}, {"last_week", 0, 0, -7}, {"last_month", 0, -1, 0}, {"last_year", -1, 0, 0}} {
		end := to.AddDate(w.y, w.month, w.days)
		begin := end.AddDate(0, 0, -1)
		all = append(all, overview.ComparedWindow{Name: w.name, From: begin.UTC(), To: end.UTC()})
		during = append(during, fmt.Sprintf("start >= fromUnixTimestamp(%d) AND start < fromUnixTimestamp(%d), %d", begin.Unix(), end.Unix(), i))
	}
	which := "multiIf(" + strings.Join(during, ", ") + ", -1)"
	filter, args := condition(overview.Filter{Direction: direction})
	const times = "toInt64(sumIf(n, measure = '%[1]s')), quantilesExactWeightedArrayIf(0.5, 0.9)(bins.keys, bins.values, measure = '%[1]s' AND n > 0)"
	sql := `
SELECT ` + which + ` AS w, sumIf(n, measure = 'arrivals'), sumIf(n, ` + window.SQLOf("releases") + `), sumIf(n, ` + window.SQLOf("departures") + `),
    ` + fmt.Sprintf(times, "release_time") + `, ` + fmt.Sprintf(times, "crossing_time") + `
FROM ` + s.table("windows") + ` FINAL PREWHERE bcp = {bcp:String} AND grain = 'hour' AND ` + which + ` >= 0` + filter + `
GROUP BY w`
	err := s.each(ctx, "windows", sql, append(args, named("bcp", p.ID)), func(rows driver.Rows) error {
		var of int16
		var counts [5]int64
		var release, crossing []int16
		if err := rows.Scan(&of, &counts[0], &counts[1], &counts[2], &counts[3], &release, &counts[4], &crossing); err != nil {
			return err
		}
		w := &all[of]
		w.Arrivals, w.Releases, w.Departures, w.ReleaseN, w.CrossingN = &counts[0], &counts[1], &counts[2], &counts[3], &counts[4]
		w.ReleaseP50Seconds, w.ReleaseP90Seconds = twoValues(counts[3], release)
		w.CrossingP50Seconds, w.CrossingP90Seconds = twoValues(counts[4], crossing)
		return nil
	})
	return all, err
}

func twoValues(n int64, bins []int16) (a, b *float64) {
	if n == 0 || len(bins) < 2 {
		return nil, nil
	}
	x, y := window.ValueOf(bins[0]), window.ValueOf(bins[1])
	return &x, &y
}
