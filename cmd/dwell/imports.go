package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/ingest/imports"
)

type importsCommand struct {
	List listImportsCommand `cmd:"" help:"List the imports of files, the latest first."`
	Undo undoImportCommand  `cmd:"" help:"Take back what an import added, unless another one contains it."`
}

type listImportsCommand struct {
	storeFlags `embed:""`
	Limit      int `default:"100" help:"How many to list."`
}

func (c *listImportsCommand) Run(ctx context.Context, e *env) error {
	if c.Limit < 1 {
		return fmt.Errorf("--limit %d: it must be 1 or more", c.Limit)
	}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		all, err := s.Store.Imports(ctx)
		if err != nil {
			return err
		}
		table := visible.NewTable(e.out)
		listed := 0
		for n := len(all) - 1; n >= 0 && listed < c.Limit && err == nil; n-- {
			i := &all[n]
			if i.Kind != imports.OfEvents && i.Kind != imports.OfReadings {
				continue
			}
			if listed++; listed == 1 {
				_ = table.Row("IMPORT", "BEGUN", "STATE", "KIND", "LINES", "ADDED", "REPLACED", "DUPLICATE", "REFUSED", "FILE", "HASH", "MAPPING", "HASH") // Flush says so
			}
			refused := int64(0)
			for _, lines := range i.Refused {
				refused += lines
			}
			err = table.Row(fmt.Sprint(i.Number), i.Begun.UTC().Format(time.RFC3339), state(all, i), string(i.Kind), fmt.Sprint(i.Lines), fmt.Sprint(i.Added),
				fmt.Sprint(i.Replaced), fmt.Sprint(i.Duplicates), fmt.Sprint(refused), i.File, short(i.FileHash), orDash(i.Mapping), short(i.MappingHash))
		}
		return errors.Join(err, table.Row(fmt.Sprintf("imports: %d", listed)), table.Flush())
	})
}

// state says whether what the import added counts.
func state(all []imports.Import, i *imports.Import) string {
	beingUndone := slices.ContainsFunc(all, func(u imports.Import) bool { return u.Kind == imports.Undoing && u.Of == i.Number && u.Ended.IsZero() })
	switch {
	case beingUndone: // or that was killed, and undo completes it
		return "being undone"
	case imports.Undone(all, i.Number):
		return "undone"
	case i.Alive:
		return "at work"
	case i.Ended.IsZero():
		return "killed" // the next import completes what it had begun
	case i.Interrupted:
		return "interrupted"
	}
	return "standing"
}

// short is the beginning of a hash, which suffices to compare.
func short(hash string) string { return orDash(hash[:min(len(hash), 12)]) }

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

type undoImportCommand struct {
	storeFlags `embed:""`
	Import     uint32 `arg:"" help:"Its number, as imports list prints it."`
	Wait       bool   `help:"Wait until ClickHouse has the retractions."`
}

func (c *undoImportCommand) Run(ctx context.Context, e *env) error {
	return c.with(ctx, e, app.All, func(s *app.System, own bool) error {
		im, old, err := importer(ctx, s)
		if err != nil {
			return err
		}
		undone, err := im.Undo(ctx, c.Import)
		if err != nil {
			return err
		}
		_, _ = fmt.Fprintf(e.out, "import %d of %s is undone: events retracted: %d, closings and openings changed: %d\n", c.Import, undone.File, undone.Retracted, undone.Changes)
		if line := old.String(); line != "" {
			_, _ = fmt.Fprintln(e.out, line)
		}
		switch {
		case c.Wait:
			return waitCounted(ctx, e, s, own)
		case own:
			_, _ = fmt.Fprintln(e.out, tablesFollow)
		}
		return nil
	})
}
