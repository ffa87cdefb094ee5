package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
)

type deadLettersCommand struct {
	List    listLettersCommand    `cmd:"" help:"List messages that could not be used, the latest first."`
	Show    showLetterCommand     `cmd:"" help:"Show one, with its headers and its value."`
	Redrive redriveLettersCommand `cmd:"" help:"Send messages again, unchanged or corrected."`
}

// lettersFlags select dead letters.
type lettersFlags struct {
	Since  string `help:"Only those whose records are not older: 24h, or a time such as 2026-01-05T08:00:00Z."`
	Reason string `help:"Only those of this reason, such as unknown_bcp."`
}

func (c *lettersFlags) query(now time.Time) (q clickhouse.DeadLettersQuery, err error) {
	if c.Since != "" {
		if q.Since, err = since(c.Since, now); err != nil {
			return q, err
		}
	}
	for _, r := range event.Reasons() {
		if string(r) == c.Reason {
			q.Reason = c.Reason
		}
	}
	if q.Reason != c.Reason {
		return q, fmt.Errorf("--reason %q is not supported; use one of %s", c.Reason, strings.Trim(fmt.Sprint(event.Reasons()), "[]"))
	}
	return q, nil
}

type listLettersCommand struct {
	storeFlags   `embed:""`
	lettersFlags `embed:""`
	Limit        int `default:"100" help:"How many to list."`
}

func (c *listLettersCommand) Run(ctx context.Context, e *env) error {
	q, err := c.query(time.Now())
	if err != nil {
		return err
	}
	if q.Limit = c.Limit; c.Limit < 1 {
		return fmt.Errorf("--limit %d: it must be 1 or more", c.Limit)
	}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		table := visible.NewTable(e.out)
		listed := 0
		err := s.Store.DeadLetters(ctx, q, func(d *event.DeadLetter, again time.Time) error {
			if listed++; listed == 1 {
				_ = table.Row("LETTER", "LOGGED", "REDRIVEN", "WHY") // Flush says so
			}
			redriven := "-"
			if !again.IsZero() {
				redriven = again.UTC().Format(time.RFC3339)
			}
			return table.Row(d.Origin.String(), time.UnixMilli(d.Time).UTC().Format(time.RFC3339), redriven, d.Detail)
		})
		last := table.Row(fmt.Sprintf("dead letters: %d", listed))
		return errors.Join(err, last, table.Flush())
	})
}

// letter reads the dead letter of an origin. A partition and an offset alone are those of the topic of events.
func letter(ctx context.Context, s *app.System, name string) (*event.DeadLetter, time.Time, error) {
	full := name
	if strings.Count(name, "/") == 1 {
		full = fmt.Sprintf("%v/%s/%s", event.FromTopic, s.Config.Kafka.Topic, name)
	}
	origin, ok := event.ParseOrigin(full)
	if !ok {
		return nil, time.Time{}, fmt.Errorf("%q is not an origin such as topic/dwell.events/3/1204, nor a partition and an offset such as 3/1204", name)
	}
	d, redriven, err := s.Store.DeadLetter(ctx, origin)
	if errors.Is(err, clickhouse.ErrNoDeadLetter) {
		return nil, time.Time{}, fmt.Errorf("%s: there is no such dead letter", name)
	}
	return d, redriven, err
}

type showLetterCommand struct {
	storeFlags `embed:""`
	Letter     string `arg:"" help:"Its origin, as dead-letters list prints it: topic/dwell.events/3/1204, or 3/1204 in the topic of events."`
	Raw        string `type:"path" help:"Write the value's bytes into this file, as they are."`
}

func (c *showLetterCommand) Run(ctx context.Context, e *env) error {
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		d, redriven, err := letter(ctx, s, c.Letter)
		if err != nil {
			return err
		}
		if c.Raw != "" {
			if err := os.WriteFile(c.Raw, d.Value, 0o600); err != nil {
				return fmt.Errorf("--raw: %w", err)
			}
		}
		return show(e.out, d, redriven)
	})
}

func show(out io.Writer, d *event.DeadLetter, redriven time.Time) error {
	lines := []string{
		"letter    " + visible.Text(d.Origin.String()),
		"logged    " + time.UnixMilli(d.Time).UTC().Format(time.RFC3339Nano),
		"why       " + visible.Text(d.Detail),
	}
	if !redriven.IsZero() {
		lines = append(lines, "redriven  "+redriven.UTC().Format(time.RFC3339Nano))
	}
	lines = append(lines, fmt.Sprintf("key       %q", d.Key))
	for _, h := range d.Headers {
		lines = append(lines, fmt.Sprintf("header    %s: %q", visible.Text(string(h.Key)), h.Value))
	}
	_, err := fmt.Fprintf(out, "%s\n\n%s\n", strings.Join(lines, "\n"), visible.Lines(string(d.Value)))
	return err
}
