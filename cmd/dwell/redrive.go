package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/clickhouse"

	"dwell/cmd/dwell/app"
)

type redriveLettersCommand struct {
	storeFlags   `embed:""`
	lettersFlags `embed:""`
	Letters      []string `arg:"" optional:"" help:"Shards and offsets, as dead-letters list prints them: 3/1204. Without any, --reason picks all that were not sent again yet."`
	Value        string   `type:"existingfile" help:"A structured CloudEvent to be sent in place of the one letter."`
	Wait         bool     `help:"Return when all of it is in ClickHouse."`
}

// redriveHeader names the dead letter that a record was.
const redriveHeader = "dwell-redrive"

// mostRedriven bounds how many dead letters one command takes up.
const mostRedriven = 100_000

func (c *redriveLettersCommand) Run(ctx context.Context, e *env) error {
	switch {
	case len(c.Letters) == 0 && c.Reason == "":
		return errors.New("nothing to redrive: name letters, or a --reason")
	case len(c.Letters) > 0 && (c.Reason != "" || c.Since != ""):
		return errors.New("letters that are named and --reason or --since exclude each other")
	case c.Value != "" && len(c.Letters) != 1:
		return errors.New("--value mends one letter, so one must be named")
	}
	q, err := c.query(time.Now())
	if err != nil {
		return err
	}
	return c.with(ctx, e, app.All, func(s *app.System, own bool) error {
		letters, err := c.pick(ctx, s, q)
		if err != nil {
			return err
		}
		sent, refused, err := c.redrive(ctx, e, s, letters)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(e.out, "redriven: %d, refused again: %d\n", sent, refused)
		if c.Wait && sent > 0 {
			im := importer{System: s, env: e}
			if err := im.wait(ctx, own); err != nil {
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
		q.Waiting, q.Limit = true, mostRedriven
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
		mended := event.StructuredRecord(d.Key, value, d.Time)
		d.Value, d.Headers = mended.Value, mended.Headers
	}
	return letters, nil
}

// redrive sends the letters that can be used now. Each is remembered only when it is safe in Kafka; if that fails, it
// may be sent twice, and counts once, as every event does.
func (c *redriveLettersCommand) redrive(ctx context.Context, e *env, s *app.System, letters []*event.DeadLetter) (sent, refused int, err error) {
	decoder := event.NewDecoder(s.Vocabulary, s.Config.Engine.Skew)
	for _, d := range letters {
		m, why := again(decoder, d, time.Now().UnixMilli())
		if why != nil {
			refused++
			_, _ = fmt.Fprintf(e.err, "%s: %v\n", name(d), why)
			continue
		}
		if err := s.Producer.Write(ctx, m); err != nil {
			return sent, refused, err
		}
		if err := s.Store.Redriven(ctx, d.Partition, d.Offset); err != nil {
			return sent, refused, err
		}
		sent++
	}
	return sent, refused, nil
}

// again is the record of a dead letter, keyed by what its event is about.
func again(decoder *event.Decoder, d *event.DeadLetter, now int64) (event.Record, *event.Rejection) {
	r := event.Record{Value: d.Value, Time: now}
	var head struct {
		Subject string `json:"subject"`
	}
	_ = json.Unmarshal(d.Value, &head) // what is no JSON the decoder refuses
	r.Key = []byte(head.Subject)
	for _, h := range d.Headers {
		if string(h.Key) == redriveHeader {
			continue
		}
		r.Headers = append(r.Headers, h)
		if strings.EqualFold(string(h.Key), "ce_subject") {
			r.Key = h.Value
		}
	}
	var e event.Event
	if why := decoder.Decode(&r, &e); why != nil {
		return r, why
	}
	r.Headers = append(r.Headers, event.Header{Key: []byte(redriveHeader), Value: []byte(name(d))})
	r.SetEverywhere(e.OfPlace())
	return r, nil
}
