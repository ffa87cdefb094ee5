package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/overview"
	"dwell/dashboards/query"
	"dwell/dashboards/visible"
	"dwell/ingest/place"
	"dwell/metrics/border"
	"dwell/metrics/window"
)

type restatementsCommand struct {
	storeFlags `embed:""`

	Since   string `default:"24h" help:"How far back to look: 24h, or a time such as 2026-01-05T08:00:00Z."`
	Place   string `help:"Only of this BCP."`
	Grain   string `enum:"hour,day," default:"" help:"Only of hours or of days."`
	Measure string `help:"Only of this measure or total, such as release_time or releases."`
	Limit   int    `default:"100" help:"How many to list of each BCP, the latest first."`
}

func (c *restatementsCommand) Run(ctx context.Context, e *env) error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit %d: it must be 1 or more", c.Limit)
	}
	to := time.Now()
	from, err := since(c.Since, to)
	if err != nil {
		return err
	}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error { return c.list(ctx, e, s, from, to) })
}

// since reads a time, or how long before now it was.
func since(text string, now time.Time) (time.Time, error) {
	if back, err := time.ParseDuration(text); err == nil && back > 0 {
		return now.Add(-back), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil || !at.Before(now) {
		return at, fmt.Errorf("--since %q: it is not a duration such as 24h, nor a past time such as 2026-01-05T08:00:00Z", text)
	}
	return at, nil
}

func (c *restatementsCommand) list(ctx context.Context, e *env, s *app.System, from, to time.Time) error {
	if c.Measure != "" {
		if _, err := window.ParseMeasure(c.Measure, s.Vocabulary); err != nil && !window.IsTotal(c.Measure) {
			return fmt.Errorf("--measure: %w", err)
		}
	}
	if c.Place != "" && !slices.ContainsFunc(s.Book.Places, func(p place.Place) bool { return p.ID == c.Place }) {
		return fmt.Errorf("--place %q: there is no such place in the places file", c.Place)
	}
	source := query.New(s.Store.Conn(), s.Config.ClickHouse.Database, s.Book.Places, s.Vocabulary, query.DefaultConfig(), func() time.Time { return to }, border.New(len(s.Book.Places)))
	table := visible.NewTable(e.out)
	listed, more := 0, false
	for i := range s.Book.Places {
		p := &s.Book.Places[i]
		if c.Place != "" && p.ID != c.Place {
			continue
		}
		found, err := source.Restatements(ctx, overview.RestatementsQuery{
			ID: p.ID, Grain: c.Grain, Measure: c.Measure, From: from, To: to, Limit: c.Limit,
		})
		if err != nil {
			return err
		}
		for j := range found.Restatements {
			if listed == 0 {
				_ = table.Row("RESTATED", "BCP", "DIRECTION", "WINDOW", "MEASURE", "BEFORE", "AFTER", "BECAUSE") // Flush says so
			}
			listed++
			line(table, p, &found.Restatements[j])
		}
		more = more || found.Truncated
	}
	if err := table.Flush(); err != nil {
		return err
	}
	tail := ""
	if more {
		tail = "; there are more, see --limit"
	}
	_, err := fmt.Fprintf(e.out, "restatements: %d since %s%s\n", listed, from.UTC().Format(time.RFC3339), tail)
	return err
}

func line(table visible.Table, p *place.Place, r *overview.Restatement) {
	start := r.Start.In(p.Zone).Format("2006-01-02 15:04")
	if r.Grain == "day" {
		start = r.Start.In(p.Zone).Format(time.DateOnly)
	}
	subject := "visit"
	if r.Because.Visit == p.ID {
		subject = "place"
	}
	_ = table.Row(r.Restated.UTC().Format(time.RFC3339), p.ID, r.Direction, r.Grain+" "+start, r.Measure, figure(r.Before), figure(r.After),
		fmt.Sprintf("%s %s of %s, %s %s", r.Because.Type, r.Because.ID, r.Because.Source, subject, r.Because.Visit)) // Flush says so
}

func figure(f overview.Figure) string {
	if f.MeanSeconds == nil {
		return fmt.Sprint(f.N)
	}
	length := func(seconds float64) time.Duration {
		return time.Duration(seconds * float64(time.Second)).Round(time.Second)
	}
	mean, net := length(*f.MeanSeconds), length(*f.NetMeanSeconds)
	if net == mean {
		return fmt.Sprintf("%d, mean %v", f.N, mean)
	}
	return fmt.Sprintf("%d, mean %v, net %v", f.N, mean, net)
}
