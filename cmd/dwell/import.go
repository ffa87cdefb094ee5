package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"dwell/ingest/event"

	"dwell/cmd/dwell/app"
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

// importer brings a file into Kafka.
type importer struct {
	*app.System
	feed
	env  *env
	bad  int
	file *os.File
	size int64
	read int64 // bytes of the file
}

// open starts or joins what the import needs. Close follows.
func (c *importFlags) open(ctx context.Context, e *env) (im *importer, own bool, err error) {
	cfg, err := c.load(e.environ)
	if err != nil {
		return nil, false, err
	}
	file, err := os.Open(c.File)
	if err != nil {
		return nil, false, err
	}
	info, err := file.Stat()
	if err != nil {
		return nil, false, err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, app.All, e.out, log)
	if err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return &importer{System: s, feed: feed{producer: s.Producer}, env: e, file: file, size: info.Size()}, own, nil
}

// Read reads the file, and says how far it is.
func (im *importer) Read(p []byte) (int, error) {
	n, err := im.file.Read(p)
	im.read += int64(n)
	if im.size > 0 && n > 0 { // a pipe has no size
		im.Doing("import", fmt.Sprintf("%d %% of %d MB read", min(100*im.read/im.size, 100), im.size/1_000_000))
	}
	return n, err
}

// run imports with read, waits if it is asked to, and stops what was started.
func (c *importFlags) run(ctx context.Context, e *env, read func(ctx context.Context, im *importer, in io.Reader) error) error {
	im, own, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	err = read(ctx, im, im)
	if err == nil {
		err = im.Flush(ctx)
	}
	if err == nil {
		im.Say("imported", "%d events from %s, %d bad lines", im.written, c.File, im.bad)
		if c.Wait {
			err = im.wait(ctx, own)
		}
	}
	if err == nil && im.bad > 0 {
		err = fmt.Errorf("%d lines of %q were not imported", im.bad, c.File)
	}
	return errors.Join(err, im.file.Close(), im.Stop())
}

// wait waits for the program that counts; where the import has started the parts itself, it counts itself.
func (im *importer) wait(ctx context.Context, own bool) error {
	if own {
		app.CollectGarbage(im.env.environ)
		if err := im.StartEngine(ctx); err != nil {
			return err
		}
	}
	begin := time.Now()
	err := im.CaughtUp(ctx, func(left int64) { im.Doing("counting", fmt.Sprintf("%d records to go", left)) })
	if err == nil {
		im.Say("counted", "all of it is in ClickHouse, after %.1f s", time.Since(begin).Seconds())
	}
	return err
}

// badLine reports a line that cannot be used.
func (im *importer) badLine(line int, why error) {
	if im.bad++; im.bad <= badLines {
		_, _ = fmt.Fprintf(im.env.err, "line %d: %v\n", line, why)
	}
}

type importEventsCommand struct {
	importFlags `embed:""`
}

func (c *importEventsCommand) Run(ctx context.Context, e *env) error {
	return c.run(ctx, e, importEvents)
}

// maxSkew is how far an event may be after its recording. The time of the Kafka record is that of the recording: whoever
// wrote the file had the clock right or wrong long ago. But nothing was recorded after now. One event from the future would
// carry the watermark there, and give up every visit that is open.
const maxSkew = 5 * time.Minute

// importEvents reads structured CloudEvents, one a line.
func importEvents(ctx context.Context, im *importer, in io.Reader) error {
	decoder := event.NewDecoder(im.Vocabulary, maxSkew)
	lines := bufio.NewReaderSize(in, 1<<20)
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if len(bytes.TrimSpace(line)) > 0 {
			im.one(decoder, n, line)
			if len(im.batch) >= feedBatch {
				if err := im.Flush(ctx); err != nil {
					return err
				}
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// one adds the event of a line to the batch.
func (im *importer) one(decoder *event.Decoder, n int, line []byte) {
	decoder.Reset()
	var e event.Event
	m := event.StructuredRecord(nil, line, 0)
	// The key is the subject, and the record's time that of the recording; both must be known before the event is read.
	var head struct {
		Subject      string    `json:"subject"`
		Time         time.Time `json:"time"`
		RecordedTime time.Time `json:"recordedtime"`
	}
	if err := json.Unmarshal(line, &head); err == nil {
		m.Key = []byte(head.Subject)
	}
	if m.Time = head.RecordedTime.UnixMilli(); head.RecordedTime.IsZero() {
		m.Time = head.Time.UnixMilli()
	}
	m.Time = min(m.Time, time.Now().UnixMilli())
	if why := decoder.Decode(&m, &e); why != nil {
		im.badLine(n, why)
		return
	}
	m.Value = bytes.Clone(bytes.TrimSpace(line))
	m.SetEverywhere(e.OfPlace())
	im.batch = append(im.batch, m)
}

// readLine reads a line of any length; it is valid until the next call.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	rest, err := r.ReadBytes('\n')
	return append(append([]byte(nil), line...), rest...), err
}
