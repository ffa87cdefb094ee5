package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/cmd/dwell/visible"
	"dwell/ingest/event"
	"dwell/ingest/imports"
	"dwell/ingest/kafka"
	"dwell/ingest/source"
)

type importCommand struct {
	Events   importEventsCommand   `cmd:"" help:"CloudEvents, one per line."`
	Readings importReadingsCommand `cmd:"" help:"Queue readings made elsewhere: CSV, JSON, XLSX or XML."`
}

// importFlags are the flags of every import.
type importFlags struct {
	Files []string `arg:"" name:"file" help:"Files, or patterns such as 2026-*.csv; - is standard input."`
	File  string   `kong:"-"` // of Files, which is imported

	folderFlags `embed:""`

	Wait bool `help:"Wait until every imported event is in ClickHouse."`
}

// maxBadLines is how many bad lines are printed; all of them are counted.
const maxBadLines = 20

// input is a file that is read line by line, and what its lines have become.
type input interface {
	Records() iter.Seq2[event.Record, error]
	Tally() *source.Tally
}

// importing is the import of one file into Kafka.
type importing struct {
	*app.System
	file io.Reader
	size int64 // 0 if it is unknown
	read int64 // bytes of the file
}

// Read reads the file, and reports the progress.
func (im *importing) Read(p []byte) (int, error) {
	n, err := im.file.Read(p)
	im.read += int64(n)
	if im.size > 0 && n > 0 {
		im.Doing("import", fmt.Sprintf("%d %% of %d MB read", min(100*im.read/im.size, 100), im.size/1_000_000))
	}
	return n, err
}

// zone is the time zone of a BCP.
func (im *importing) zone(bcp string) *time.Location { return im.Book.Place(bcp).Zone }

// importFile starts or joins the parts that an import needs, imports the records that are read from the file, waits for the count
// if --wait is set, and stops what it has started.
func (c *importFlags) importFile(ctx context.Context, e *env, open func(im *importing) (input, error)) (err error) {
	cfg, err := c.load(e.environ)
	if err != nil {
		return err
	}
	file, size, closing, err := c.open(e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, app.All, e.out, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	in, err := open(&importing{System: s, file: file, size: size})
	if err != nil {
		return err
	}
	err = c.write(ctx, e, s, in.Records())
	if err != nil {
		s.Say("stopped", "after %s: %s", c.File, in.Tally())
		return err
	}
	s.Say("imported", "%s: %s", c.File, in.Tally())
	if c.Wait {
		if err := waitCounted(ctx, e, s, own); err != nil {
			return err
		}
	}
	if refused := in.Tally().AllRefused(); refused > 0 {
		return fmt.Errorf("%d lines of %q were not imported; they are dead letters", refused, c.File)
	}
	return nil
}

// open opens the file, whose size is 0 if it is unknown, as that of a pipe.
func (c *importFlags) open(e *env) (file io.Reader, size int64, closing func() error, err error) {
	if c.File == "-" {
		return e.in, 0, func() error { return nil }, nil
	}
	f, err := os.Open(c.File)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(err, f.Close())
	}
	return f, info.Size(), f.Close, nil
}

// name is that of the file, as dead letters have it.
func (c *importFlags) name() string {
	if c.File == "-" {
		return "stdin"
	}
	return filepath.Base(c.File)
}

// write writes the records to Kafka. Lines that cannot be used become dead letters, and the first of them are printed.
func (c *importFlags) write(ctx context.Context, e *env, s *app.System, records iter.Seq2[event.Record, error]) error {
	to := kafka.NewBuffered(s.Producer)
	refused := imports.NewRefused(c.name(), s.Producer, s.Store, time.Now)
	bad := 0
	for r, err := range records {
		var line *source.LineError
		switch {
		case errors.As(err, &line):
			if bad++; bad <= maxBadLines {
				s.EndLine()
				_, _ = fmt.Fprintln(e.err, visible.Text(line.Error()))
			}
			if err := refused.Add(ctx, line); err != nil {
				return err
			}
		case err != nil:
			return errors.Join(err, refused.Flush(ctx))
		default:
			if err := to.Add(ctx, r); err != nil {
				return errors.Join(err, refused.Flush(ctx))
			}
		}
	}
	return errors.Join(to.Flush(ctx), refused.Flush(ctx))
}

// waitCounted waits until everything in Kafka is counted. With own (app.StartOrJoin) no other process would, so it starts the
// engine in this one.
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
	return c.run(ctx, e, func(im *importing) (input, error) {
		return source.NewEvents(im, im.Vocabulary, time.Now), nil
	})
}
