package query

import (
	"context"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/hours"
	"dwell/metrics/usual"
	"dwell/metrics/window"
)

// directions are those of a series: both together, and each.
var directions = []event.Direction{event.NoDirection, event.Inbound, event.Outbound}

// LearnUsual learns what is usual at each BCP from the hours of the weeks before now. It leaves out hours in which the BCP was closed, those of which
// nothing is known, and those of which an annotation says that they were not as usual. Before the tables were read it learns nothing.
func (s *Source) LearnUsual(ctx context.Context, now time.Time) (map[usual.Series]*usual.Week, error) {
	read := s.read.Load()
	if read == nil {
		return nil, nil
	}
	all := map[usual.Series]*usual.Week{}
	for i := range s.places {
		p := &s.places[i]
		from, until := usual.From(p.Zone, now)
		values, err := s.hourlyValues(ctx, p, read.baselines[p.ID], from, until)
		if err != nil {
			return nil, err
		}
		if err := s.hourlyReadings(ctx, p, from, until, values); err != nil {
			return nil, err
		}
		known, err := s.annotations(ctx, p.ID, from.Add(-time.Hour), until, mostReturned)
		if err != nil {
			return nil, err
		}
		leaveOut(values, known)
		for of, v := range values {
			all[of] = usual.Learn(p.Zone, v, now)
		}
	}
	return all, nil
}

// trucksOf is what an hour has of a BCP's trucks, in one direction or both.
type trucksOf struct {
	arrivals, left, releases, departures int64
	release, crossing                    []int16 // bin of the median; empty without any
}

// value is that of a measure but Inside, and whether there is one.
func (h *trucksOf) value(m usual.Measure) (float64, bool) {
	switch m {
	case usual.Arrivals:
		return float64(h.arrivals), true
	case usual.Releases:
		return float64(h.releases), true
	case usual.Departures:
		return float64(h.departures), true
	case usual.ReleaseTime:
		return ofBin(h.release)
	case usual.CrossingTime:
		return ofBin(h.crossing)
	}
	return 0, false
}

func ofBin(bins []int16) (float64, bool) {
	if len(bins) == 0 {
		return 0, false
	}
	return window.ValueOf(bins[0]), true
}

// hourlyValues are the values of trucks in the known hours of [from, until), which are the begins of hours. A place has no series before its first truck.
func (s *Source) hourlyValues(ctx context.Context, p *place.Place, known *baselines, from, until time.Time) (map[usual.Series][]usual.Value, error) {
	values := map[usual.Series][]usual.Value{}
	rows, err := s.hoursOfTrucks(ctx, p, from, until)
	if err != nil || len(known.seen) == 0 {
		return values, err
	}
	b, _ := s.voc.BCP([]byte(p.ID))
	openings := s.openings(p)
	for _, d := range directions {
		f := overview.Filter{}
		if d != event.NoDirection {
			f.Direction = d.String()
		}
		inside, err := s.insideBefore(ctx, p, from, overview.HistoryQuery{ID: p.ID, Grain: window.Hour, Filter: f})
		if err != nil {
			return nil, err
		}
		add := func(m usual.Measure, start time.Time, x float64) {
			of := usual.Series{BCP: b, Direction: d, Measure: m}
			values[of] = append(values[of], usual.Value{Start: start, X: x})
		}
		wasShut := true // in the hour before
		for start := startOf(window.Hour, from, p.Zone); start.Before(until); {
			end := endOf(window.Hour, start, p.Zone)
			row, shut := rows[d][start.Unix()], shutFor(openings, d, start, end)
			// At the instant at which it opens or closes a BCP is not closed.
			if !(shut && wasShut) && known.heard(start.Add(-time.Minute), start) {
				add(usual.Inside, start, float64(inside))
			}
			if !shut && known.heard(start, end) {
				for _, m := range usual.OfTrucks {
					if x, is := row.value(m); is {
						add(m, start, x)
					}
				}
			}
			inside += row.arrivals - row.left
			start, wasShut = end, shut
		}
	}
	return values, nil
}

// heard reports whether the hours of the place are known at an hour that has ended: trucks were seen in it, or not for longer before its end than was tolerated.
func (h *baselines) heard(start, end time.Time) bool {
	tolerated, _ := h.silence(start)
	seen := h.seenBefore(end)
	return !seen.IsZero() && !seen.Add(time.Hour).Before(end.Add(-tolerated))
}

// shutFor reports whether a place was closed all the time for a direction, or for both.
func shutFor(h *hours.Hours, d event.Direction, from, to time.Time) bool {
	if d == event.NoDirection {
		return shutFor(h, event.Inbound, from, to) && shutFor(h, event.Outbound, from, to)
	}
	return h.Closed(d, from.UnixMilli(), to.UnixMilli()) == to.Sub(from).Milliseconds()
}

// openFor reports whether a place was open at an instant for a direction, or for either.
func openFor(h *hours.Hours, d event.Direction, at time.Time) bool {
	if d == event.NoDirection {
		return openAt(h, at)
	}
	return h.Open(d, at.UnixMilli())
}

// hoursOfTrucks reads the hours of a place that start in [from, until), by direction and start. Without a direction they are of both.
func (s *Source) hoursOfTrucks(ctx context.Context, p *place.Place, from, until time.Time) (map[event.Direction]map[int64]trucksOf, error) {
	const median = "quantilesExactWeightedArrayIf(0.5)(bins.keys, bins.values, measure = '%[1]s' AND n > 0)"
	sql := `
SELECT arrayJoin(['', toString(direction)]) AS of, toUnixTimestamp(start),
    sumIf(n, measure = 'arrivals'), sumIf(n, ` + leftOf + `), sumIf(n, ` + window.SQLOf("releases") + `), sumIf(n, ` + window.SQLOf("departures") + `),
    ` + fmt.Sprintf(median, "release_time") + `, ` + fmt.Sprintf(median, "crossing_time") + `,
    sumIf(n, measure = 'release_time') > 0, sumIf(n, measure = 'crossing_time') > 0
FROM ` + s.table("windows") + ` FINAL PREWHERE bcp = {bcp:String} AND grain = 'hour' AND ` + window.SQLOf("arrivals", "left", "releases", "departures") + `
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({until:Int64})
GROUP BY of, start`
	all := map[event.Direction]map[int64]trucksOf{}
	for _, d := range directions {
		all[d] = map[int64]trucksOf{}
	}
	err := s.each(ctx, "windows", sql, []any{named("bcp", p.ID), named("from", from.Unix()), named("until", until.Unix())}, func(rows driver.Rows) error {
		var direction string
		var start uint32
		var h trucksOf
		var released, crossed bool
		if err := rows.Scan(&direction, &start, &h.arrivals, &h.left, &h.releases, &h.departures, &h.release, &h.crossing, &released, &crossed); err != nil {
			return err
		}
		if !released {
			h.release = nil
		}
		if !crossed {
			h.crossing = nil
		}
		_, d, err := s.codes(p.ID, direction)
		if err == nil {
			all[d][int64(start)] = h
		}
		return err
	})
	return all, err
}
