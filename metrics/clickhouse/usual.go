package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2/lib/driver"

	"dwell/ingest/event"
	"dwell/metrics/usual"
)

// UsualLearned is when the first and the last version of what is usual until an instant were learned, of those that are kept; zero before the first.
func (s *Store) UsualLearned(ctx context.Context, until time.Time) (first, last time.Time, err error) {
	return s.versions(ctx, "usual", until)
}

// Usual returns the version that was learned at an instant. It passes over BCPs that are not configured any more.
func (s *Store) Usual(ctx context.Context, learned time.Time) (*usual.Learned, error) {
	all := &usual.Learned{At: learned, Weeks: map[usual.Series]*usual.Week{}}
	const query = `SELECT bcp, direction, measure, source, queue, hour, p25, median, p75, weeks, spread FROM usual WHERE learned = fromUnixTimestamp64Milli(?)`
	rows, err := s.conn.Query(ctx, query, learned.UnixMilli())
	if err == nil {
		err = eachRow(rows, func() error {
			var hour, weeks uint8
			var h usual.Hour
			var spread float64
			of, known, err := s.scanSeries(rows, &hour, &h.P25, &h.Median, &h.P75, &weeks, &spread)
			if err != nil || !known || hour >= usual.Hours {
				return err
			}
			if all.Weeks[of] == nil {
				all.Weeks[of] = &usual.Week{Spread: spread}
			}
			h.Weeks = int(weeks)
			all.Weeks[of].Hours[hour] = h
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read table usual: %w", damaged(err))
	}
	return all, nil
}

// scanSeries reads a row that begins with a series. It is not known where its BCP is not configured any more.
func (s *Store) scanSeries(rows driver.Rows, more ...any) (of usual.Series, known bool, err error) {
	var bcp, direction, measure string
	if err := rows.Scan(append([]any{&bcp, &direction, &measure, &of.Source, &of.Queue}, more...)...); err != nil {
		return of, false, err
	}
	of.Measure = usual.Measure(measure)
	of.BCP, known = s.voc.BCP([]byte(bcp))
	of.Direction = word(direction, event.ParseDirection, &known)
	return of, known, nil
}

func (s *Store) seriesColumns(of usual.Series) []any {
	direction := ""
	if of.Direction != event.NoDirection {
		direction = of.Direction.String()
	}
	return []any{s.voc.BCPName(of.BCP), direction, string(of.Measure), of.Source, of.Queue}
}

// WriteUsual stores a version, in one insert, so that nobody reads a part of it.
func (s *Store) WriteUsual(ctx context.Context, l *usual.Learned) error {
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO usual (learned, bcp, direction, measure, source, queue, hour, p25, median, p75, weeks, spread)")
	for of, week := range l.Weeks {
		for hour, h := range week.Hours {
			if err == nil && h.Weeks > 0 {
				err = batch.Append(append(append([]any{l.At}, s.seriesColumns(of)...), uint8(hour), h.P25, h.Median, h.P75, uint8(h.Weeks), week.Spread)...)
			}
		}
	}
	return sent("usual", batch, err)
}

// Deviations returns the last look at each series from an instant until another.
func (s *Store) Deviations(ctx context.Context, since, until time.Time) (map[usual.Series]usual.Looked, error) {
	const query = `SELECT bcp, direction, measure, source, queue, l.1, l.2, l.3, l.4, l.5, l.6, l.7, l.8 FROM (
SELECT bcp, direction, measure, source, queue, argMax((at, value, median, deviation, over, spike_since, turning, known), at) AS l
FROM deviations FINAL WHERE at >= toDateTime(?) AND at <= toDateTime(?) GROUP BY bcp, direction, measure, source, queue)`
	all := map[usual.Series]usual.Looked{}
	rows, err := s.conn.Query(ctx, query, since.Unix(), until.Unix())
	if err == nil {
		err = eachRow(rows, func() error {
			var l usual.Looked
			var over uint8
			var since, turning, known *time.Time
			of, configured, err := s.scanSeries(rows, &l.At, &l.X, &l.Median, &l.Deviation, &over, &since, &turning, &known)
			if err != nil || !configured {
				return err
			}
			l.At, l.Over = l.At.UTC(), over != 0
			l.Spike = usual.Spike{Since: orZero(since), Turning: orZero(turning), Known: orZero(known)}
			all[of] = l
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("read table deviations: %w", damaged(err))
	}
	return all, nil
}

// WriteDeviations stores the looks of one instant.
func (s *Store) WriteDeviations(ctx context.Context, all map[usual.Series]usual.Looked) error {
	batch, err := s.conn.PrepareBatch(ctx, "INSERT INTO deviations (at, bcp, direction, measure, source, queue, value, median, deviation, over, spike_since, turning, known)")
	for of, l := range all {
		if err == nil {
			over := uint8(0)
			if l.Over {
				over = 1
			}
			err = batch.Append(append(append([]any{l.At}, s.seriesColumns(of)...), l.X, l.Median, l.Deviation, over,
				orNull(l.Spike.Since), orNull(l.Spike.Turning), orNull(l.Spike.Known))...)
		}
	}
	return sent("deviations", batch, err)
}

// sent ends an insert into a table, all of whose rows were appended unless err says otherwise.
func sent(table string, batch driver.Batch, err error) error {
	if err == nil {
		err = batch.Send()
	} else if batch != nil {
		err = errors.Join(err, batch.Abort())
	}
	if err != nil {
		return fmt.Errorf("write table %s: %w", table, err)
	}
	return nil
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
