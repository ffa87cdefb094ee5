package audit

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// span is the stretch of time, in seconds since the Unix epoch, in which a BCP's hours are needed.
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
	known := make(map[string]*Place, len(a.cfg.Places))
	for i := range a.cfg.Places {
		known[a.cfg.Places[i].BCP] = &a.cfg.Places[i]
	}
	for _, s := range spans {
		a.p.BCP, a.p.Shut = quote(s.bcp), false
		if p := known[s.bcp]; p != nil && p.Calendar != nil {
			a.p.Shut = len(p.Calendar) == 0
			a.p.Zone, a.p.From, a.p.Minutes, a.p.Calendar = quote(p.Zone), s.since, (s.until-s.since)/60, p.calendar()
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

// hoursPerGroup is how many openings and closings net.sql has in memory, as far as shards can be told apart.
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

// calendar is an array of (day of the week from 1 for Monday, from, until) in SQL.
func (p *Place) calendar() string {
	var openings []string
	for _, o := range p.Calendar {
		openings = append(openings, fmt.Sprintf("(%d, %d, %d)", (o.Day+6)%7+1, o.From, o.Until))
	}
	return "[" + strings.Join(openings, ", ") + "]::Array(Tuple(UInt8, UInt16, UInt16))"
}
