package query

import (
	"context"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/dashboards/overview"
	"dwell/ingest/annotation"
	"dwell/metrics/usual"
)

// Annotations reads those that hold during a span, the latest begin first.
func (s *Source) Annotations(ctx context.Context, q overview.AnnotationsQuery) (*overview.Annotations, error) {
	ctx, done, err := s.question(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	out := &overview.Annotations{From: q.From.UTC(), To: q.To.UTC(), Annotations: []overview.Annotation{}}
	if q.Place != "" {
		out.Place = &q.Place
	}
	all, err := s.annotations(ctx, q.Place, q.From, q.To, q.Limit+1)
	if err != nil {
		return nil, err
	}
	if len(all) > q.Limit {
		all, out.Truncated = all[:q.Limit], true
	}
	for i := range all {
		v := &all[i]
		one := overview.Annotation{ID: v.ID, Kind: string(v.Kind), From: v.From, Text: v.Text, Author: v.Author, Written: v.Written}
		if v.Place != "" {
			one.Place = &v.Place
		}
		if !v.Until.IsZero() {
			one.Until = &v.Until
		}
		out.Annotations = append(out.Annotations, one)
	}
	return out, nil
}

// annotations reads those of a place and of all places, or without a place any, that hold at some instant of [from, to), as annotation.Covers has it.
func (s *Source) annotations(ctx context.Context, place string, from, to time.Time, limit int) (all []annotation.Version, err error) {
	sql := `
SELECT id, kind, bcp, begins, ends, text, author, written FROM (SELECT * FROM ` + s.table("annotations") + ` ORDER BY id, written DESC LIMIT 1 BY id)
WHERE removed = 0 AND (bcp = '' OR bcp = {place:String} OR {place:String} = '') AND begins < fromUnixTimestamp64Milli({to:Int64}, 'UTC')
    AND if(isNull(ends), kind != 'process_change' OR begins >= fromUnixTimestamp64Milli({from:Int64}, 'UTC'), ends > fromUnixTimestamp64Milli({from:Int64}, 'UTC'))
ORDER BY begins DESC, id LIMIT {limit:UInt32}`
	args := []any{named("place", place), named("from", from.UnixMilli()), named("to", to.UnixMilli()), named("limit", limit)}
	err = s.each(ctx, "annotations", sql, args, func(rows driver.Rows) error {
		var v annotation.Version
		var kind string
		var until *time.Time
		err := rows.Scan(&v.ID, &kind, &v.Place, &v.From, &until, &v.Text, &v.Author, &v.Written)
		if v.Kind = annotation.Kind(kind); until != nil {
			v.Until = *until
		}
		all = append(all, v)
		return err
	})
	return all, err
}

// leaveOut takes out of values what lies in hours that an annotation covers which says that they were not as usual. What is measured at an instant lies
// in the hour before it, too: a queue that was read last in that hour, or the trucks who came in it.
func leaveOut(values map[usual.Series][]usual.Value, known []annotation.Version) {
	for of, all := range values {
		kept := all[:0]
		for _, v := range all {
			from, to := v.Start, v.Start.Add(time.Hour)
			if of.Measure.OfInstants() {
				from, to = v.Start.Add(-time.Hour), v.Start.Add(time.Millisecond)
			}
			covered := false
			for i := range known {
				covered = covered || known[i].Kind.LeftOut() && known[i].Covers(from, to)
			}
			if !covered {
				kept = append(kept, v)
			}
		}
		values[of] = kept
	}
}
