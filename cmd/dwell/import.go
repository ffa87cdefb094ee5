package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/ingest/event"
	"dwell/ingest/imports"
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
	Lines() iter.Seq2[source.Line, error]
	Tally() *source.Tally
}

// watched is an input whose events are seen as they pass.
type watched struct {
	input
	subjects *subjects
}

// subjects are what is wrong with the subjects of a file.
type subjects struct {
	again  source.Again
	single source.Single
}

func (s *subjects) add(e *event.Event) {
	s.again.Add(e)
	s.single.Add(e)
}

func (s *subjects) warnings() []string {
	return slices.DeleteFunc([]string{s.again.String(), s.single.String()}, func(warning string) bool { return warning == "" })
}

func (w watched) Lines() iter.Seq2[source.Line, error] {
	return func(yield func(source.Line, error) bool) {
		for l, err := range w.input.Lines() {
			if err == nil {
				w.subjects.add(l.Event)
			}
			if !yield(l, err) {
				return
			}
		}
	}
}

// importing is the import of one file into Kafka.
type importing struct {
	*app.System
	about *imports.Import
	file  io.Reader
	size  int64 // 0 if it is unknown
	read  int64 // bytes of the file
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

// importFile imports the records that are read from the file. Imported says that it was read to its end, whatever became of its lines.
func (c *importFlags) importFile(ctx context.Context, e *env, s *app.System, kind imports.Kind, open func(im *importing) (input, error)) (imported bool, err error) {
	file, size, closing, err := c.open(ctx, e)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, closing()) }()
	about := &imports.Import{Kind: kind, File: c.name()}
	hashed := sha256.New()
	if size > 0 { // a file that another import had is known by its hash before it is read
		if about.FileHash, err = hashOf(file); err != nil {
			return false, err
		}
	} else {
		file = io.TeeReader(file, hashed)
	}
	in, err := open(&importing{System: s, about: about, file: file, size: size})
	if err != nil {
		return false, err
	}
	var of subjects
	old, err := c.write(ctx, e, s, about, watched{in, &of}, hashed)
	if err != nil {
		s.Say("stopped", "after %s: %s", c.File, in.Tally())
		return false, err
	}
	if about.Kind == imports.Repeating {
		s.Say("imported", "%s: nothing, as import %d has this file: %s", c.File, about.Of, in.Tally())
	} else {
		s.Say("imported", "%s: import %d, %s", c.File, about.Number, in.Tally())
	}
	if line := old.String(); line != "" {
		s.Say("too old", "%s", line)
	}
	if r, mapped := in.(*source.Reader); mapped {
		c.sayLeftOut(s, r)
	}
	missing, err := imports.FindMissing(ctx, s.Store, about)
	if err != nil {
		return true, err
	}
	if missing.Events > 0 {
		s.Say("missing", "%s", missingLine(kind, &missing))
	}
	moved, err := imports.FindMoved(ctx, s.Store, about)
	if err != nil {
		return true, err
	}
	if moved.Events > 0 {
		s.Say("warning", "%s", movedLine(&moved))
	}
	if r, mapped := in.(*source.Reader); mapped && r.LongWaits() != "" {
		s.Say("warning", "%s", r.LongWaits())
	}
	if r, mapped := in.(*source.Reader); mapped && r.RunningSubject() != "" {
		s.Say("warning", "%s%s", r.RunningSubject(), replacedLine(about, in.Tally()))
	}
	for _, warning := range of.warnings() {
		s.Say("warning", "%s", warning)
	}
	if refused := in.Tally().AllRefused(); refused > 0 {
		if _, raw := in.(*source.Events); raw && in.Tally().Refused[event.NotJSON] == in.Tally().Lines {
			return true, noEvents(c.File)
		}
		return true, fmt.Errorf("lines of %q that were not imported: %d; they are dead letters", c.File, refused)
	}
	return true, nil
}

// sayLeftOut says which sheets are not read, by which values only and except passed over records, and which names of the mapping no record has.
func (c *importFlags) sayLeftOut(s *app.System, r *source.Reader) {
	if sheets := r.Sheets(); sheets != "" {
		s.Say("sheet", "%s: %s", c.File, sheets)
	}
	if over := r.PassedOver(); over != "" {
		s.Say("passed over", "%s: %s", c.File, over)
	}
	if absent := r.Absent(); len(absent) > 0 {
		s.Say("not found", "%s: no %s has %s, so that is unknown", c.File, r.Unit(), strings.Join(absent, ", "))
	}
}

// missingLine says what an earlier import of the file has that the file has not, and how that is taken back.
func missingLine(kind imports.Kind, m *imports.Missing) string {
	what, take := strings.TrimSuffix(string(kind), "s")+" of import %d is not in this file any more", "takes it"
	if m.Events > 1 {
		what, take = string(kind)+" of import %d are not in this file any more", "takes them"
	}
	undo := undoOf(m.In)
	if len(m.In) > 1 {
		take = strings.Replace(take, "takes", "take", 1)
	}
	return fmt.Sprintf("%d "+what+"; if it corrects that one, %s %s back", m.Events, m.Number, undo, take)
}

// movedLine says that events of earlier imports are in the file under other ids, and how each counts once.
func movedLine(m *imports.Moved) string {
	what, so, take, numbers := "events of this file are", "under other ids, so each counts twice", "takes", make([]string, len(m.In))
	if m.Events == 1 {
		what, so = "event of this file is", "under another id, so it counts twice"
	}
	if len(m.In) > 1 {
		take = "take"
	}
	for i, number := range m.In {
		numbers[i] = fmt.Sprint(number)
	}
	return fmt.Sprintf("%d %s in import %s too, %s; if the records of the file were numbered anew, %s %s back those of the old numbers",
		m.Events, what, strings.Join(numbers, " and "), so, undoOf(m.In), take)
}

// replacedLine says how many events of earlier imports a file has replaced whose subjects number its records, and how that is taken back.
func replacedLine(about *imports.Import, t *source.Tally) string {
	if t.Replaced == 0 {
		return ""
	}
	return fmt.Sprintf("; %d replaced what earlier imports say of these numbers, which %s takes back", t.Replaced, undoOf([]uint32{about.Number}))
}

// undoOf are the commands that take imports back.
func undoOf(numbers []uint32) string {
	var undo []string
	for _, number := range numbers {
		undo = append(undo, fmt.Sprintf("dwell imports undo %d", number))
	}
	return strings.Join(undo, " and ")
}

// open opens the file, whose size is 0 if it is unknown, as that of a pipe.
func (c *importFlags) open(ctx context.Context, e *env) (file io.Reader, size int64, closing func() error, err error) {
	if c.File == stdin {
		in := unblocked(ctx, e.in)
		return in, 0, in.Close, nil
	}
	f, err := openInput(ctx, c.File)
	if err != nil {
		return nil, 0, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, 0, nil, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		in := unblocked(ctx, f)
		return in, 0, func() error { return errors.Join(in.Close(), f.Close()) }, nil
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

// hashOf is the SHA-256 of a file, in hexadecimal; it is read from its beginning then.
func hashOf(file io.Reader) (string, error) {
	h := sha256.New()
	if _, err := io.Copy(h, file); err != nil {
		return "", err
	}
	_, err := file.(io.Seeker).Seek(0, io.SeekStart)
	return hex.EncodeToString(h.Sum(nil)), err
}

// write imports the lines, and counts those that will be too old. Those that cannot be used become dead letters, and the first of them are printed.
func (c *importFlags) write(ctx context.Context, e *env, s *app.System, about *imports.Import, in input, read hash.Hash) (*tooOld, error) {
	bad := 0
	refused := func(line *source.LineError) {
		if bad++; bad <= maxBadLines {
			s.EndLine()
			_, _ = fmt.Fprintln(e.err, visible.Text(line.Error()))
		}
	}
	lines := func(yield func(source.Line, error) bool) {
		for l, err := range in.Lines() {
			if !yield(l, err) {
				return
			}
		}
		if about.FileHash == "" {
			about.FileHash = hex.EncodeToString(read.Sum(nil))
		}
	}
	im, old, err := importer(ctx, s)
	if err != nil {
		return nil, err
	}
	return old, s.Import(ctx, im, about, lines, in.Tally(), refused)
}

// importer brings files into the system's log, counts what will be too old, and says where it waits for another import.
func importer(ctx context.Context, s *app.System) (*imports.Importer, *tooOld, error) {
	im, err := s.Importer(ctx, func(other *imports.Import) {
		s.Doing("import", fmt.Sprintf("waiting for import %d of %s, which began at %s", other.Number, other.File, other.Begun.UTC().Format(time.RFC3339)))
	})
	if err != nil {
		return nil, nil, err
	}
	kept, err := s.Kept(ctx)
	if err != nil {
		return nil, nil, err
	}
	old := &tooOld{kept: kept, now: time.Now()}
	im.Sent = old.sent
	return im, old, nil
}

// tablesFollow is said where Kafka has what no process counts.
const tablesFollow = "the tables follow when it is counted, by --wait or dwell serve"

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
	Map         string `type:"existingfile" help:"Mapping of columns to events (YAML), for a file that is not of CloudEvents: CSV, JSON, XLSX or XML."`
}

func (c *importEventsCommand) Run(ctx context.Context, e *env) error {
	named, err := readMapping(c.Map)
	if err != nil {
		return err
	}
	if named != nil && !named[0].OfEvents() {
		return fmt.Errorf("--map %s is of queue readings: use dwell import readings", c.Map)
	}
	return c.run(ctx, e, imports.OfEvents, func(im *importing) (input, error) {
		if named == nil {
			if im.size > 0 {
				if err := mayBeEvents(im.file, source.MayBeEvents, noEvents(c.File)); err != nil {
					return nil, err
				}
			}
			judged := im.Config.Engine
			judged.Skew = source.MaxSkew // the time of a record is that of its recording
			return source.NewEvents(im, judged.Decoder(im.Vocabulary), time.Now), nil
		}
		return im.mapped(named)
	})
}

// mayBeEvents refuses a file of another shape, as may finds out, before each of its lines is a dead letter. What comes through a pipe is read
// as it comes.
func mayBeEvents(file io.Reader, may func(io.Reader) (bool, error), otherwise error) error {
	seeker, ok := file.(io.ReadSeeker)
	if !ok {
		return nil
	}
	if is, err := may(seeker); err != nil || !is {
		return cmp.Or(err, otherwise)
	}
	_, err := seeker.Seek(0, io.SeekStart)
	return err
}

func noEvents(name string) error {
	return fmt.Errorf("the first lines of %q are not CloudEvents; for events of another shape, --map FILE says what its columns mean", name)
}

// mapped reads the file by the one of the mappings that fits it.
func (im *importing) mapped(mappings []source.Mapping) (input, error) {
	r, err := im.Reader(im.about, im, mappings)
	if err != nil {
		return nil, err
	}
	im.Say("mapping", "%s", r.Mapping().Name)
	return r, nil
}
