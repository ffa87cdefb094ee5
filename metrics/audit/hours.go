package audit

import (
	"context"
	"errors"
	"fmt"

	"dwell/ingest/place"
)

// span is the interval, in seconds since the Unix epoch, for which a BCP's hours are needed.
type span struct {
	bcp          string
	since, until int64
}

// hours computes when each BCP was open, one BCP after another.
func (a *audit) hours(ctx context.Context) error {
	spans, err := a.spans(ctx)
	if err != nil {
		return err
	}
	known := make(map[string]*place.Place, len(a.cfg.Places))
	for i := range a.cfg.Places {
		known[a.cfg.Places[i].ID] = &a.cfg.Places[i]
	}
	for _, s := range spans {
		a.p.BCP, a.p.Shut = quote(s.bcp), false
		if p := known[s.bcp]; p != nil && p.Calendar != nil {
			openings := openingsOf(p.Calendar)
			a.p.Shut = len(openings) == 0
			a.p.Zone, a.p.From, a.p.Minutes = quote(p.Zone.String()), s.since, (s.until-s.since)/60
			a.p.Calendar = array(openings, "Tuple(UInt8, UInt16, UInt16)")
			if err := a.exec(ctx, "calendar.sql"); err != nil {
				return fmt.Errorf("bcp %q: %w", s.bcp, err)
			}
		}
		if err := a.exec(ctx, "hours.sql"); err != nil {
			return fmt.Errorf("bcp %q: %w", s.bcp, err)
		}
	}
	rows, err := a.count(ctx, "SELECT count() FROM "+a.p.Scratch+"_hours")
	if err != nil {
		return err
	}
	a.p.Groups = 1 + uint64(rows/hoursPerGroup)
	return nil
}

// hoursPerGroup is how many openings and closings net.sql has in memory at once. Only whole shards can be split off, so one
// large shard may exceed it.
const hoursPerGroup = 500_000

func (a *audit) spans(ctx context.Context) (spans []span, err error) {
	text, err := a.statement("spans.sql")
	if err != nil {
		return nil, err
	}
	rows, err := a.conn.Query(ctx, text)
	if err != nil {
		return nil, fmt.Errorf("spans.sql: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s span
		if err := rows.Scan(&s.bcp, &s.since, &s.until); err != nil {
			return nil, fmt.Errorf("spans.sql: %w", err)
		}
		spans = append(spans, s)
	}
	return spans, rows.Err()
}

// openingsOf writes a calendar as tuples in SQL: day of the week from 1 for Monday, from, until.
func openingsOf(c *place.Calendar) (openings []string) {
	for day, spans := range c.Days {
		for _, s := range spans {
			openings = append(openings, fmt.Sprintf("(%d, %d, %d)", (day+6)%7+1, s.Open, s.Close))
		}
	}
	return openings
}
