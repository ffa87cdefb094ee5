package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/ingest/event"
	"dwell/ingest/redrive"
	"dwell/metrics/clickhouse"
)

type redriveLettersCommand struct {
	storeFlags   `embed:""`
	lettersFlags `embed:""`
	Letters      []string `arg:"" optional:"" help:"Origins, as dead-letters list prints them: topic/dwell.events/3/1204, or 3/1204 in the topic of events. Without any, --reason selects all that were not redriven yet."`
	Value        string   `type:"existingfile" help:"A file with a structured CloudEvent, sent in place of the named letter."`
	Wait         bool     `help:"Wait until every redriven event is in ClickHouse."`
}

// maxRedriven is how many dead letters one command redrives at most.
const maxRedriven = 100_000

func (c *redriveLettersCommand) Run(ctx context.Context, e *env) error {
	switch {
	case len(c.Letters) == 0 && c.Reason == "":
		return errors.New("nothing to redrive: name letters, or a --reason")
	case len(c.Letters) > 0 && (c.Reason != "" || c.Since != ""):
		return errors.New("name letters, or use --reason and --since, but not both")
	case c.Value != "" && len(c.Letters) != 1:
		return errors.New("--value replaces one letter, so name exactly one")
	}
	q, err := c.query(time.Now())
	if err != nil {
		return err
	}
	return c.with(ctx, e, app.All, func(s *app.System, own bool) error {
		if err := s.OwnTopic(ctx); err != nil {
			return err
		}
		letters, err := c.pick(ctx, s, q)
		if err != nil {
			return err
		}
		kept, err := s.Kept(ctx)
		if err != nil {
			return err
		}
		refused := 0
		sent, err := redrive.Run(ctx, letters, s.Config.Engine.Decoder(s.Vocabulary), kept.Judge, time.Now, s.Producer, s.Store, func(d *event.DeadLetter, why *event.Rejection) {
			if refused++; refused <= maxBadLines {
				_, _ = fmt.Fprintf(e.err, "%s: %s\n", visible.Text(d.Origin.String()), visible.Text(why.Error()))
			}
		})
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(e.out, "redriven: %d, refused again: %d\n", sent, refused)
		if sent > 0 {
			_, _ = fmt.Fprintln(e.out, "what is sent is judged again when it is counted, and may be too_old or too_many_facts then: dwell dead-letters list has it")
		}
		if c.Wait && sent > 0 {
			if err := waitCounted(ctx, e, s, own); err != nil {
				return err
			}
		}
		if refused > 0 {
			return fmt.Errorf("%d letters would be refused again and were not sent", refused)
		}
		return nil
	})
}

func (c *redriveLettersCommand) pick(ctx context.Context, s *app.System, q clickhouse.DeadLettersQuery) (letters []*event.DeadLetter, err error) {
	if len(c.Letters) == 0 {
		q.NotRedriven, q.Limit = true, maxRedriven
		err = s.Store.DeadLetters(ctx, q, func(d *event.DeadLetter, _ time.Time) error {
			letters = append(letters, d)
			return nil
		})
		return letters, err
	}
	for _, name := range c.Letters {
		d, _, err := letter(ctx, s, name)
		if err != nil {
			return nil, err
		}
		letters = append(letters, d)
	}
	if c.Value != "" {
		value, err := os.ReadFile(c.Value)
		if err != nil {
			return nil, fmt.Errorf("--value: %w", err)
		}
		d := letters[0]
		corrected := event.StructuredRecord(d.Key, value, d.Time)
		d.Value, d.Headers, d.Unreadable = corrected.Value, corrected.Headers, ""
	}
	return letters, nil
}
