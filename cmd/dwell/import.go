package main

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"os"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/source"
)

type importCommand struct {
	Events   importEventsCommand   `cmd:"" help:"CloudEvents, one a line."`
	Readings importReadingsCommand `cmd:"" help:"Queue readings made elsewhere, CSV."`
}

// importFlags are those of every import.
type importFlags struct {
	File string `arg:"" type:"existingfile" help:"The file."`

	folderFlags `embed:""`

	Wait bool `help:"Return when all of it is in ClickHouse."`
}

// badLines is how many bad lines are printed; all of them are counted.
const badLines = 20

// importing is a file on its way into Kafka.
type importing struct {
	*app.System
	file *os.File
	size int64
	read int64 // bytes of the file
}

// Read reads the file, and says how far it is.
func (im *importing) Read(p []byte) (int, error) {
	n, err := im.file.Read(p)
	im.read += int64(n)
	if im.size > 0 && n > 0 { // a pipe has no size
		im.Doing("import", fmt.Sprintf("%d %% of %d MB read", min(100*im.read/im.size, 100), im.size/1_000_000))
	}
	return n, err
}

// run starts or joins what the import needs, imports what records yields of the file, waits if it is asked to, and stops
// what was started.
func (c *importFlags) run(ctx context.Context, e *env, records func(im *importing) (iter.Seq2[event.Record, error], error)) (err error) {
	cfg, err := c.load(e.environ)
	if err != nil {
		return err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, app.All, e.out, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	all, err := records(&importing{System: s, file: file, size: info.Size()})
	if err != nil {
		return err
	}
	written, bad, err := c.bring(ctx, e, s, all)
	if err != nil {
		return err
	}
	s.Say("imported", "%d events from %s, %d bad lines", written, c.File, bad)
	if c.Wait {
		if err := waitCounted(ctx, e, s, own); err != nil {
			return err
		}
	}
	if bad > 0 {
		return fmt.Errorf("%d lines of %q were not imported", bad, c.File)
	}
	return nil
}

// bring writes the records, and reports the lines that cannot be used.
func (*importFlags) bring(ctx context.Context, e *env, s *app.System, records iter.Seq2[event.Record, error]) (written int64, bad int, err error) {
	to := kafka.NewBuffered(s.Producer)
	for r, err := range records {
		var line *source.LineError
		switch {
		case errors.As(err, &line):
			if bad++; bad <= badLines {
				s.EndLine()
				_, _ = fmt.Fprintln(e.err, line)
			}
		case err != nil:
			return to.Written(), bad, err
		default:
			if err := to.Add(ctx, r); err != nil {
				return to.Written(), bad, err
			}
		}
	}
	err = to.Flush(ctx)
	return to.Written(), bad, err
}

// waitCounted waits for the program that counts; own says that there is no other than this one.
func waitCounted(ctx context.Context, e *env, s *app.System, own bool) error {
	if own {
		app.CollectGarbage(e.environ)
		if err := s.StartEngine(ctx); err != nil {
			return err
		}
	}
	begin := time.Now()
	err := s.CaughtUp(ctx, func(left int64) { s.Doing("counting", fmt.Sprintf("%d records to go", left)) })
	if err == nil {
		s.Say("counted", "all of it is in ClickHouse, after %.1f s", time.Since(begin).Seconds())
	}
	return err
}

type importEventsCommand struct {
	importFlags `embed:""`
}

func (c *importEventsCommand) Run(ctx context.Context, e *env) error {
	return c.run(ctx, e, func(im *importing) (iter.Seq2[event.Record, error], error) {
		return source.Events(im, im.Vocabulary, time.Now), nil
	})
}
