package query

import (
	"context"
	"math"
	"math/big"
	"strings"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// past is one window as it was read. Net is what is left of a time without closed hours.
type past struct {
	n, sum, net         int64
	squares, netSquares big.Int
	// quantiles are the bins of p50, p90 and p95; of the net ones there are none unless they were asked for.
	quantiles, netQuantiles []int16
	arrivals, left          int64
}

// History reads one measure over time. The place must be one of Places. How long a silence may last is as the place's
// baseline was at the end of the query.
func (s *Source) History(ctx context.Context, q overview.HistoryQuery) (*overview.History, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	p := s.place(q.ID)
	now := s.now()
	progress, err := s.Progress(ctx)
	if err != nil {
		return nil, err
	}
	from := startOf(q.Grain, q.From, p.Zone)
	inside, err := s.insideBefore(ctx, p, from, q)
	if err != nil {
		return nil, err
	}
	learned, err := s.baselinesAt(ctx, []string{q.ID}, q.To)
	if err != nil {
		return nil, err
	}
	known := learned[q.ID]
	openings := s.openings(p)
	before := startOf(q.Grain, from.Add(-known.longest(from, q.To)), p.Zone)
	net := closedDuring(openings, before.UnixMilli(), q.To.UnixMilli())
	rows, err := s.readPast(ctx, s.windowsIn(q, before), q.Measure, q.Filter, net)
	if err == nil {
		err = s.readOthers(ctx, q, before, rows)
	}
	if err != nil {
		return nil, err
	}
	out := &overview.History{
		ID: p.ID, Measure: q.Measure, Grain: q.Grain.String(), Filter: q.Filter, TimeZone: p.Zone.String(),
		From: from, To: from, AsOf: progress.AsOf, FinalUntil: progress.FinalUntil, Windows: []overview.Window{},
	}
	revised, err := s.revised(ctx, q, from)
	if err != nil {
		return nil, err
	}
	silent := s.silentReason(p)
	seen := time.Time{} // the end of the last window that has a row
	for at := before; at.Before(q.To); at = endOf(q.Grain, at, p.Zone) {
		end, row := endOf(q.Grain, at, p.Zone), rows[at.Unix()]
		if row != nil {
			seen = end
		}
		if at.Before(from) {
			continue
		}
		w := overview.Window{Start: at, End: end, Status: overview.OK}
		w.Final = progress.FinalUntil != nil && !end.After(*progress.FinalUntil)
		w.Finality = finality(w.Final, revised[at.Unix()])
		out.To = end
		if row == nil {
			row = &past{}
		}
		inside += row.arrivals - row.left
		until := end
		if until.After(now) {
			until = now
		}
		tolerated, _ := known.silence(until.Add(-time.Minute))
		switch {
		case at.After(now):
			w.Status, w.Reason = overview.Unknown, overview.Future
		case until.Sub(seen) > tolerated:
			w.Status, w.Reason = overview.Unknown, silent
		default:
			if !openAt(openings, at) && q.Grain != window.Day {
				w.Status = overview.Closed
			}
			fill(&w, row, inside, window.KindOf(q.Measure) != window.Time)
		}
		out.Windows = append(out.Windows, w)
	}
	return out, nil
}

// longest is how long a silence of the place may last at most in the week from an instant, or until another one. A window is unknown
// after a silence, so what came so long before the first one counts.
func (h *baselines) longest(from, to time.Time) (longest time.Duration) {
	for at := from; at.Before(to) && at.Before(from.AddDate(0, 0, 7)); at = at.Add(time.Hour) {
		tolerated, _ := h.silence(at)
		longest = max(longest, tolerated)
	}
	return longest
}

// silentReason is why a window after a silence of the place is unknown.
func (s *Source) silentReason(p *place.Place) overview.Reason {
	if b, _ := s.voc.BCP([]byte(p.ID)); !(&view{inside: occupancyOf(&s.border.Overview().Places[b])}).measured() {
		return overview.NotMeasured
	}
	return overview.Stale
}

// fill says what a window that is known holds.
func fill(w *overview.Window, row *past, inside int64, count bool) {
	w.N, w.Inside = &row.n, &inside
	if count {
		return
	}
	if row.n == 0 {
		w.Reason = overview.NoValues
		return
	}
	w.SumSeconds, w.MeanSeconds, w.SDSeconds = moments(row.n, row.sum, &row.squares)
	w.NetSumSeconds, w.NetMeanSeconds, w.NetSDSeconds = moments(row.n, row.net, &row.netSquares)
	w.P50Seconds, w.P90Seconds, w.P95Seconds = values(row.quantiles)
	w.NetP50Seconds, w.NetP90Seconds, w.NetP95Seconds = w.P50Seconds, w.P90Seconds, w.P95Seconds
	if row.net != row.sum {
		w.NetP50Seconds, w.NetP90Seconds, w.NetP95Seconds = values(row.netQuantiles)
	}
}

// moments are sum, mean and standard deviation, in seconds, of n times in milliseconds.
func moments(n, ms int64, squares *big.Int) (sum, mean, sd *float64) {
	all := float64(ms) / 1000
	average, spread := all/float64(n), deviation(n, ms, squares)
	return &all, &average, &spread
}

// values are the times, in seconds, for which the bins of three quantiles stand.
func values(bins []int16) (p50, p90, p95 *float64) {
	v := [3]float64{window.ValueOf(bins[0]), window.ValueOf(bins[1]), window.ValueOf(bins[2])}
	return &v[0], &v[1], &v[2]
}

// deviation is the standard deviation of the population in seconds: sqrt(n*sum(x^2) - sum(x)^2) / n, of milliseconds.
// The difference is taken in whole numbers, where nothing is lost.
func deviation(n, sum int64, squares *big.Int) float64 {
	var d, s big.Int
	d.Mul(squares, big.NewInt(n))
	s.Mul(big.NewInt(sum), big.NewInt(sum))
	d.Sub(&d, &s)
	f, _ := new(big.Float).SetInt(&d).Float64()
	return math.Sqrt(max(0, f)) / float64(n) / 1000
}

// condition returns a filter as SQL, and args, its values.
func condition(f overview.Filter) (sql string, args []any) {
	for _, c := range []struct{ column, value string }{
		{"direction", f.Direction}, {"channel", f.Channel}, {"regime", f.Regime},
	} {
		if c.value != "" {
			sql += " AND " + c.column + " = {" + c.column + ":String}"
			args = append(args, named(c.column, c.value))
		}
	}
	return sql, args
}

// insideOf are the measures that trucks inside are made of, countsOf those from which a history's numbers come.
var (
	insideOf = window.SQLOf("arrivals", "left")
	leftOf   = window.SQLOf("left")
	countsOf = "(" + insideOf + " OR measure IN ({counted:Array(String)}))"
)

// selection says as SQL which windows a question is about, with its arguments.
type selection struct {
	// key is a whole number by which windows are told apart: those with the same one are added up.
	key string
	// of is the table with conditions, to which more can be added; there may be no rows of other measures than those named.
	of   func(names ...string) string
	days bool
	args []any
}

// windowsIn selects the windows of [from, q.To), each by its start.
func (s *Source) windowsIn(q overview.HistoryQuery, from time.Time) selection {
	return selection{
		key: "toUnixTimestamp(start)", days: q.Grain == window.Day,
		of: func(names ...string) string {
			return s.windowsOf(q.Grain, "{from:Int64}", "{to:Int64}", window.CountedBy(names...)...) + ` bcp = {bcp:String} AND grain = {grain:String}
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({to:Int64})`
		},
		args: []any{named("bcp", q.ID), named("grain", q.Grain), named("from", from.Unix()), named("to", q.To.Unix())},
	}
}

// readPast reads a measure of windows by their keys, with net quantiles if these are asked for or a place was closed. A window that is
// missing has no row of arrivals, of left or of the measure that the filter lets pass.
func (s *Source) readPast(ctx context.Context, in selection, measure string, f overview.Filter, net bool) (map[int64]*past, error) {
	filter, args := condition(f)
	args = append(append(args, clickhouse.Named("counted", window.CountedBy(measure))), in.args...)
	of := func(measures string, names ...string) string {
		if in.days {
			measures = ofDays(measures)
		}
		return "\nFROM " + in.of(names...) + " AND " + measures + filter + "\nGROUP BY at"
	}
	counted, counts, names := "sumIf(n, measure IN ({counted:Array(String)}))", countsOf, []string{"arrivals", "left", measure}
	isTime := window.KindOf(measure) == window.Time
	if isTime {
		counted, counts, names = "toInt64(0)", insideOf, names[:2]
	}
	at := "\nSELECT toInt64(" + in.key + ") AS at, "
	sql := at + counted + `, sumIf(n, measure = 'arrivals'), sumIf(n, ` + leftOf + `),
    toInt64(0), toUInt128(0), toInt64(0), toUInt128(0), ` + noQuantiles + `, ` + noQuantiles + of(counts, names...)
	if isTime {
		// Sketches are most of a row, so they are read of no measure but this, and net ones only if there may be any.
		netQuantiles := noQuantiles
		if net {
			netQuantiles = quantiles("if(net_ms = sum_ms, bins.keys, net_bins.keys)", "if(net_ms = sum_ms, bins.values, net_bins.values)")
		}
		sql += "\nUNION ALL" + at + `sum(n), toInt64(0), toInt64(0),
    sum(sum_ms), sum(sum_sq), sum(net_ms), sum(if(net_ms = sum_ms, sum_sq, net_sq)),
    ` + quantiles("bins.keys", "bins.values") + `, ` + netQuantiles + of("measure IN ({counted:Array(String)})", measure)
	}
	all := map[int64]*past{}
	err := s.each(ctx, "windows", sql, args, func(rows driver.Rows) error {
		var key int64
		var part past
		err := rows.Scan(&key, &part.n, &part.arrivals, &part.left,
			&part.sum, &part.squares, &part.net, &part.netSquares, &part.quantiles, &part.netQuantiles)
		if w := all[key]; w != nil {
			part.add(w)
		}
		all[key] = &part
		return err
	})
	if err == nil && !net && closed(all) { // before all that was asked for, or the closing came meanwhile
		return s.readPast(ctx, in, measure, f, true)
	}
	return all, err
}

const noQuantiles = "CAST([], 'Array(Int16)')"

// quantiles are those of Bins.Quantile, as bins. They take ClickHouse no more time than the sketch would, of which hundreds of
// bins a window would come as text.
func quantiles(indices, counts string) string {
	return "quantilesExactWeightedArray(0.5, 0.9, 0.95)(" + indices + ", " + counts + ")"
}

// closed reports whether the BCP was closed while any of the times passed.
func closed(rows map[int64]*past) bool {
	for _, row := range rows {
		if row.net != row.sum {
			return true
		}
	}
	return false
}

// add adds what the other part of the statement says of the same window: one has counts, the other times.
func (p *past) add(o *past) {
	p.n, p.arrivals, p.left = p.n+o.n, p.arrivals+o.arrivals, p.left+o.left
	p.sum, p.net = p.sum+o.sum, p.net+o.net
	p.squares.Add(&p.squares, &o.squares)
	p.netSquares.Add(&p.netSquares, &o.netSquares)
	p.quantiles, p.netQuantiles = append(p.quantiles, o.quantiles...), append(p.netQuantiles, o.netQuantiles...)
}

// readOthers adds to all the windows of [from, q.To) that have other rows, whatever the filter, without any that came since all was read.
// Other rows are the majority, so they are read only from the first to the last window that is missing.
func (s *Source) readOthers(ctx context.Context, q overview.HistoryQuery, from time.Time, all map[int64]*past) error {
	zone, missing := s.place(q.ID).Zone, []int64{}
	for at := from; at.Before(q.To); at = endOf(q.Grain, at, zone) {
		if all[at.Unix()] == nil {
			missing = append(missing, at.Unix())
		}
	}
	if len(missing) == 0 {
		return nil
	}
	filter, args := condition(q.Filter)
	sql := `
SELECT DISTINCT toUnixTimestamp(start)
FROM ` + s.windowsOf(q.Grain, "{first:Int64}", "{last:Int64}") + ` bcp = {bcp:String} AND grain = {grain:String} AND NOT (` + countsOf + filter + `)
    AND start >= fromUnixTimestamp({first:Int64}) AND start <= fromUnixTimestamp({last:Int64})`
	args = append(args, clickhouse.Named("counted", window.CountedBy(q.Measure)), named("bcp", q.ID), named("grain", q.Grain),
		named("first", missing[0]), named("last", missing[len(missing)-1]))
	return s.each(ctx, "windows", sql, args, func(rows driver.Rows) error {
		var start uint32
		err := rows.Scan(&start)
		if all[int64(start)] == nil {
			all[int64(start)] = &past{}
		}
		return err
	})
}

// ofDays is a condition on measure for days, whose rows lie in the order of their measures.
func ofDays(condition string) string {
	return strings.ReplaceAll(condition, "measure", "if(grain = 'day', measure, '')")
}

// insideBefore is how many trucks were inside when the window at from began: all that came less all that left before.
func (s *Source) insideBefore(ctx context.Context, p *place.Place, from time.Time, q overview.HistoryQuery) (inside int64, err error) {
	filter, args := condition(q.Filter)
	change := `
SELECT sumIf(n, measure = 'arrivals') - sumIf(n, ` + leftOf + `) AS change
FROM `
	sql := change + s.windowsOf(window.Hour, "", "") + ` bcp = {bcp:String} AND ` + insideOf + filter + `
    AND (grain = 'day' AND ` + ofDays(insideOf) + ` AND start < fromUnixTimestamp({day:Int64})
        OR grain = 'hour' AND start >= fromUnixTimestamp({day:Int64}) AND start < fromUnixTimestamp({hour:Int64}))`
	if q.Grain == window.Minute {
		sql = "SELECT sum(change) FROM (" + sql + " UNION ALL" + change + s.windowsOf(q.Grain, "{hour:Int64}", "{from:Int64}", window.CountedBy("arrivals", "left")...) + ` ` + insideOf + filter + `
    AND start >= fromUnixTimestamp({hour:Int64}) AND start < fromUnixTimestamp({from:Int64}))`
	}
	args = append(args, named("bcp", q.ID), named("from", from.Unix()),
		named("hour", startOf(window.Hour, from, p.Zone).Unix()), named("day", startOf(window.Day, from, p.Zone).Unix()))
	err = s.each(ctx, "windows", sql, args, func(rows driver.Rows) error { return rows.Scan(&inside) })
	return inside, err
}

// Holders reads the time by holder over the local hours that [from, to) touches.
func (s *Source) Holders(ctx context.Context, id string, from, to time.Time, f overview.Filter) (*overview.Holders, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	p := s.place(id)
	out := &overview.Holders{ID: id, Filter: f, From: startOf(window.Hour, from, p.Zone)}
	out.To = startOf(window.Hour, to.Add(-time.Millisecond), p.Zone)
	out.To = endOf(window.Hour, out.To, p.Zone)
	// Whole days are read as such: a day is made of whole hours, and has a twentieth of their rows.
	first, last := startOf(window.Day, out.From, p.Zone), startOf(window.Day, out.To, p.Zone)
	if first.Before(out.From) {
		first = endOf(window.Day, first, p.Zone)
	}
	if !first.Before(last) {
		first, last = out.To, out.To
	}
	filter, args := condition(f)
	sql := `
SELECT toString(measure), sum(n), sum(sum_ms), sum(net_ms)
FROM ` + s.table("windows") + ` FINAL
WHERE bcp = {bcp:String} AND ` + window.SQLOfSegments() + filter + `
    AND start >= fromUnixTimestamp({from:Int64}) AND start < fromUnixTimestamp({to:Int64})
    AND (grain = 'day' AND start >= fromUnixTimestamp({first:Int64}) AND start < fromUnixTimestamp({last:Int64})
        OR grain = 'hour' AND (start < fromUnixTimestamp({first:Int64}) OR start >= fromUnixTimestamp({last:Int64})))
GROUP BY measure`
	args = append(args, named("bcp", id), named("from", out.From.Unix()), named("to", out.To.Unix()),
		named("first", first.Unix()), named("last", last.Unix()))
	sum := &window.HourSum{}
	err = s.each(ctx, "windows", sql, args, func(rows driver.Rows) error {
		var name string
		var g window.Segments
		if err := rows.Scan(&name, &g.N, &g.Ms, &g.Net); err != nil {
			return err
		}
		var err error
		g.Measure, err = window.ParseMeasure(name, s.voc)
		sum.Segments = append(sum.Segments, g)
		return err
	})
	if out.Holders = holders(sum, s.voc); len(out.Holders) == 0 {
		out.Reason = overview.NoValues
	}
	return out, err
}
