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
	"dwell/ingest/annotation"
)

type annotationsCommand struct {
	List   listAnnotationsCommand   `cmd:"" help:"List them, the latest first."`
	Add    addAnnotationCommand     `cmd:"" help:"Add one, or change the one with its id."`
	Remove removeAnnotationCommand  `cmd:"" help:"Remove one. The table keeps it, with who removed it and when."`
	Import importAnnotationsCommand `cmd:"" help:"Add or change those of a file. The same file again changes nothing."`
}

type listAnnotationsCommand struct {
	storeFlags `embed:""`
	Place      string `help:"Only those of this BCP, and of all."`
	Removed    bool   `help:"Those that were removed, with who removed them and when."`
	Limit      int    `default:"100" help:"How many to list."`
}

func (c *listAnnotationsCommand) Run(ctx context.Context, e *env) error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit %d: it must be 1 or more", c.Limit)
	}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		if _, known := s.Vocabulary.BCP([]byte(c.Place)); c.Place != "" && !known {
			return fmt.Errorf("--place %q: there is no such place in the places file", c.Place)
		}
		all, err := s.Store.Annotations(ctx)
		if err != nil {
			return err
		}
		table := visible.NewTable(e.out)
		listed := 0
		for n := len(all) - 1; n >= 0 && listed < c.Limit; n-- {
			v := &all[n]
			if v.Removed != c.Removed || c.Place != "" && v.Place != "" && v.Place != c.Place {
				continue
			}
			if listed++; listed == 1 {
				_ = table.Row("ID", "KIND", "PLACE", "FROM", "UNTIL", "AUTHOR", "WRITTEN", "TEXT") // Flush says so
			}
			until := "-"
			if !v.Until.IsZero() {
				until = v.Until.Format(time.RFC3339)
			}
			place := v.Place
			if place == "" {
				place = "all"
			}
			_ = table.Row(v.ID, string(v.Kind), place, v.From.Format(time.RFC3339), until, v.Author, v.Written.Format(time.RFC3339), v.Text) // Flush says so
		}
		_ = table.Row(fmt.Sprintf("annotations: %d", listed)) // Flush says so
		return table.Flush()
	})
}

// authorFlag says who hands in annotations.
type authorFlag struct {
	Author string `help:"Who says so; without it, the user of this machine."`
}

func (f *authorFlag) author(environ []string) string {
	if f.Author != "" {
		return f.Author
	}
	for _, pair := range environ {
		if name, is := strings.CutPrefix(pair, "USER="); is {
			return name
		}
	}
	return ""
}

type addAnnotationCommand struct {
	storeFlags `embed:""`
	Kind       string `required:"" help:"process_change, closure, instrument_fault or holiday."`
	Place      string `help:"Id of a BCP; without it, all."`
	From       string `required:"" help:"When it begins: a time such as 2026-03-21T08:00:00+04:30, or a day of the BCP."`
	Until      string `help:"When it no longer holds; a day stands for its first instant. Without it, a change of process is an instant, and anything else still goes on."`
	Text       string `required:"" help:"What is known, in any language."`
	ID         string `name:"id" help:"Id of the annotation; without it, one that follows from what it says."`
	authorFlag `embed:""`
}

func (c *addAnnotationCommand) Run(ctx context.Context, e *env) error {
	fields := annotation.Fields{ID: c.ID, Kind: c.Kind, Place: c.Place, From: c.From, Until: c.Until, Text: c.Text, Author: c.author(e.environ)}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		a, err := annotation.Parse(fields, s.Book.Places)
		if err != nil {
			return err
		}
		last, err := s.Store.Annotation(ctx, a.ID)
		if err != nil {
			return err
		}
		next, what := annotation.Enter(a, last, time.Now())
		if what != annotation.Known {
			if err := s.Store.WriteAnnotations(ctx, []annotation.Version{next}); err != nil {
				return err
			}
		}
		_, err = fmt.Fprintf(e.out, "annotation %s: %s\n", a.ID, what)
		return err
	})
}

type removeAnnotationCommand struct {
	storeFlags `embed:""`
	ID         string `arg:"" help:"Its id, as annotations list prints it."`
	authorFlag `embed:""`
}

func (c *removeAnnotationCommand) Run(ctx context.Context, e *env) error {
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		last, err := s.Store.Annotation(ctx, c.ID)
		if err != nil {
			return err
		}
		gone, err := annotation.Remove(c.ID, last, c.author(e.environ), time.Now())
		if err != nil {
			return err
		}
		if err := s.Store.WriteAnnotations(ctx, []annotation.Version{gone}); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.out, "annotation %s: removed\n", visible.Text(c.ID))
		return err
	})
}

type importAnnotationsCommand struct {
	storeFlags `embed:""`
	File       string `arg:"" type:"existingfile" help:"CSV file with the columns id, kind, place, from, until, text and author, or YAML file with a list of the same keys under annotations."`
	authorFlag `embed:""`
}

func (c *importAnnotationsCommand) Run(ctx context.Context, e *env) error {
	text, err := readMost(c.File)
	if err != nil {
		return err
	}
	rows, err := annotation.ReadFile(c.File, text)
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		known, err := s.Store.Annotations(ctx)
		if err != nil {
			return err
		}
		entered := annotation.EnterAll(rows, known, s.Book.Places, c.author(e.environ), time.Now())
		if err := s.Store.WriteAnnotations(ctx, entered.Versions); err != nil {
			return err
		}
		for _, why := range entered.Refusals {
			_, _ = fmt.Fprintf(e.err, "refused: %s\n", visible.Text(why)) // the sum says how many
		}
		n := entered.Counts
		_, err = fmt.Fprintf(e.out, "annotations: %d; added: %d, changed: %d, known: %d, refused: %d\n",
			len(rows), n[annotation.Added], n[annotation.Changed], n[annotation.Known], n[annotation.Refused])
		if len(entered.Versions) == 0 && err == nil {
			_, err = fmt.Fprintln(e.out, "nothing was written: this file says nothing new")
		}
		if n[annotation.Refused] > 0 {
			err = errors.Join(err, fmt.Errorf("%s: annotations that were refused: %d; correct them and import the file again", c.File, n[annotation.Refused]))
		}
		return err
	})
}

// readMost reads a file up to where it is too long for annotations.
func readMost(name string) (text []byte, err error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return io.ReadAll(io.LimitReader(file, 2<<20))
}
