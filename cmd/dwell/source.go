package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/source"
)

type sourceCommand struct {
	Try sourceTryCommand `cmd:"" help:"Print what the lines of a file of readings would become. Nothing is written."`
}

type sourceTryCommand struct {
	Files  []string `arg:"" name:"file" help:"Files: CSV, JSON, XLSX or XML; or patterns such as 2026-*.csv; - is standard input."`
	Map    string   `type:"existingfile" help:"Mapping of columns to fields (YAML); without it, the one of the configuration's sources or of the program whose columns the file has, or a proposal."`
	Lines  int      `default:"10" help:"How many of the first lines are printed, and how many of those that are refused."`
	Config string   `type:"path" help:"Configuration file (YAML) that names the places."`
	Places string   `help:"Places file, or the name of one that is part of the program, in place of the configuration's."`
}

func (c *sourceTryCommand) Run(ctx context.Context, e *env) error {
	cfg, err := app.ReadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	cfg.Places = cmp.Or(c.Places, cfg.Places)
	book, err := cfg.ReadPlaces()
	if err != nil {
		return err
	}
	voc, err := book.Vocabulary()
	if err != nil {
		return err
	}
	mappings, err := readMapping(c.Map)
	if err == nil && mappings == nil {
		mappings, err = cfg.Mappings()
	}
	if err != nil {
		return err
	}
	files, err := expand(c.Files)
	if err != nil {
		return err
	}
	var faults []error
	for i, name := range files {
		if len(files) > 1 {
			_, _ = fmt.Fprintf(e.out, "%sfile        %s\n", []string{"", "\n"}[min(i, 1)], name)
		}
		faults = append(faults, c.try(ctx, e, name, mappings, book, voc))
	}
	return errors.Join(faults...)
}

// opened is a file that can be read again from its beginning. Standard input is copied into a file that closing removes.
func opened(ctx context.Context, e *env, name string) (file *os.File, closing func() error, err error) {
	if name != stdin {
		file, err = openInput(ctx, name)
		return file, file.Close, err
	}
	if file, err = os.CreateTemp("", "dwell-*"); err != nil {
		return nil, nil, err
	}
	closing = func() error { return errors.Join(file.Close(), os.Remove(file.Name())) }
	if _, err = io.Copy(file, unblocked(ctx, e.in)); err != nil {
		return nil, nil, errors.Join(err, closing())
	}
	return file, closing, nil
}

// try prints what one file would become.
func (c *sourceTryCommand) try(ctx context.Context, e *env, name string, mappings []source.Mapping, book *place.Book, voc *event.Vocabulary) (err error) {
	file, closing, err := opened(ctx, e, name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	open := func(mappings []source.Mapping) (*source.Reader, error) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return source.NewReader(file, mappings, voc, func(bcp string) *time.Location { return book.Place(bcp).Zone }, time.Now().Add(source.MaxSkew))
	}
	comment := ""
	r, err := open(mappings)
	switch {
	case err == nil:
		_, _ = fmt.Fprintf(e.out, "mapping     %s\n", r.Mapping().Name)
		if sheets := r.Sheets(); sheets != "" {
			_, _ = fmt.Fprintf(e.out, "sheet       %s\n", sheets)
		}
		if unused := r.Unused(); len(unused) > 0 {
			_, _ = fmt.Fprintf(e.out, "not used    %s\n", strings.Join(unused, ", "))
		}
	case c.Map != "" || !errors.Is(err, source.ErrNoMapping):
		return err
	default:
		comment = "# "
		if r, err = c.propose(e, name, file, book, open); err != nil || r == nil {
			return err
		}
	}
	return c.print(e, name, r, voc, comment)
}

// propose prints a mapping, and opens the file with it if it is one already.
func (c *sourceTryCommand) propose(e *env, name string, file io.ReadSeeker, book *place.Book, open func([]source.Mapping) (*source.Reader, error)) (*source.Reader, error) {
	if _, err := file.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	base, _, _ := strings.Cut(filepath.Base(name), ".")
	text, err := source.Propose(file, "/"+base, book.Named)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", name, err)
	}
	_, _ = fmt.Fprintf(e.out, "# mapping     proposed; save it as map.yaml, answer its comments, and try --map map.yaml\n\n%s\n", bytes.TrimSpace(text))
	m, err := source.ParseMapping("map.yaml", text)
	if err != nil {
		return nil, fmt.Errorf("the proposal is not complete:\n%w", err)
	}
	return open([]source.Mapping{m})
}

// print prints the first lines, those that are refused, and the sum, as comments of YAML where they follow a proposal.
func (c *sourceTryCommand) print(e *env, name string, r *source.Reader, voc *event.Vocabulary, comment string) error {
	_, _ = fmt.Fprintln(e.out)
	printed, refused := 0, 0
	var of subjects
	for ev, err := range r.Events() {
		if err == nil {
			of.add(ev)
		}
		var bad *source.LineError
		switch {
		case errors.As(err, &bad):
			if refused++; refused <= c.Lines {
				_, _ = fmt.Fprintf(e.out, "%s%s %-6d refused, %s: %s\n", comment, r.Unit(), bad.Line, bad.Reason, bad.Text)
			}
		case err != nil:
			return err
		case printed < c.Lines:
			printed++
			_, _ = fmt.Fprintf(e.out, "%s%s %-6d %s\n", comment, r.Unit(), r.Line(), described(ev, voc))
		}
	}
	_, _ = fmt.Fprintf(e.out, "\n%swould be    %s\n", comment, r.Tally())
	if over := r.PassedOver(); over != "" {
		_, _ = fmt.Fprintf(e.out, "%spassed over %s\n", comment, over)
	}
	if absent := r.Absent(); len(absent) > 0 {
		_, _ = fmt.Fprintf(e.out, "%snot found   %s\n", comment, strings.Join(absent, ", "))
	}
	for _, warning := range append(of.warnings(), r.RunningSubject(), r.RunningID(), r.LongWaits()) {
		if warning == "" {
			continue
		}
		_, _ = fmt.Fprintf(e.out, "%swarning     %s\n", comment, warning)
	}
	if refused > 0 {
		return fmt.Errorf("lines of %q that would not be imported: %d", name, refused)
	}
	return nil
}

// described is an event in words.
func described(ev *event.Event, voc *event.Vocabulary) string {
	s := fmt.Sprintf("%s %s %s", time.UnixMilli(ev.Time).UTC().Format(time.RFC3339), voc.BCPName(ev.BCP), ev.Type)
	if ev.Type != event.QueueObserved {
		return s + describedFact(ev, voc)
	}
	seconds := func(n int64) string {
		if n == event.Unknown {
			return "unknown"
		}
		return (time.Duration(n) * time.Second).String()
	}
	number := func(n int64) string {
		if n == event.Unknown {
			return "unknown"
		}
		return fmt.Sprint(n)
	}
	s = fmt.Sprintf("%s, vehicles %s, wait %s, age %s", s, number(ev.Vehicles), seconds(ev.WaitSeconds), seconds(ev.AgeSeconds))
	if ev.Direction != event.NoDirection {
		s += ", " + ev.Direction.String()
	}
	if len(ev.Queue) > 0 {
		s += fmt.Sprintf(", queue %q", ev.Queue)
	}
	if ev.LanesOpen != event.Unknown {
		s += fmt.Sprintf(", lanes open %d", ev.LanesOpen)
	}
	if ev.ServiceRate != event.Unknown {
		s += fmt.Sprintf(", %d vehicles per hour", ev.ServiceRate)
	}
	if ev.State != event.UnknownState {
		s += ", " + ev.State.String()
	}
	return s
}

// describedFact is what an event says of a visit or a place.
func describedFact(ev *event.Event, voc *event.Vocabulary) (s string) {
	if ev.Type.OfVisit() {
		s += fmt.Sprintf(", visit %q", ev.Subject)
	}
	for _, one := range []struct{ name, value string }{
		{"", ev.Direction.String()},
		{"", ev.Regime.String()},
		{"", ev.Channel.String()},
		{"", voc.HolderName(ev.Agency)},
		{"", ev.Kind.String()},
		{"", ev.Result.String()},
		{"hold ", quoted(ev.Hold)},
		{"lane ", quoted(ev.Lane)},
	} {
		if one.value != "" {
			s += ", " + one.name + one.value
		}
	}
	return s
}

func quoted(text []byte) string {
	if len(text) == 0 {
		return ""
	}
	return fmt.Sprintf("%q", text)
}
