package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"dwell/cmd/dwell/app"
	"dwell/ingest/imports"
)

// stdin is the name of standard input among files.
const stdin = "-"

// expand returns the files of a command line, each once: a pattern such as 2026-*.csv stands for the files that it matches, in the order
// of their names. A file that has such a name itself is that file.
func expand(args []string) (files []string, err error) {
	var faults []error
	for _, arg := range args {
		found := []string{arg}
		info, err := os.Stat(arg)
		switch {
		case arg == stdin:
		case err == nil && info.IsDir():
			faults = append(faults, fmt.Errorf("%q is a folder; name its files, such as %q", arg, filepath.Join(arg, "*")))
			continue
		case err != nil && strings.ContainsAny(arg, "*?["):
			if found, err = filepath.Glob(arg); err != nil || len(found) == 0 {
				faults = append(faults, fmt.Errorf("no file matches %q", arg))
				continue
			}
		case err != nil:
			faults = append(faults, err)
			continue
		}
		for _, file := range found {
			if !slices.Contains(files, file) {
				files = append(files, file)
			}
		}
	}
	return files, errors.Join(faults...)
}

// run starts or joins the parts that an import needs, imports the files one after the other, waits for the count if --wait is set, and stops
// what it has started. A file that fails keeps no other from being imported, but an interruption does.
func (c *importFlags) run(ctx context.Context, e *env, kind imports.Kind, open func(im *importing) (input, error)) (err error) {
	files, err := expand(c.Files)
	if err != nil {
		return err
	}
	cfg, err := c.load(e.environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, app.All, e.out, log)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Stop()) }()
	var faults []error
	some := false
	for _, c.File = range files {
		imported, err := c.importFile(ctx, e, s, kind, open)
		some = some || imported
		if err != nil {
			if len(files) > 1 {
				err = fmt.Errorf("%s: %w", c.File, err)
			}
			faults = append(faults, err)
		}
		if ctx.Err() != nil {
			return errors.Join(faults...)
		}
	}
	switch {
	case !some: // a sum would be taken for that of the files
	case c.Wait:
		faults = append(faults, waitCounted(ctx, e, s, own))
	case own:
		s.Say("not counted", "%s", tablesFollow)
	}
	return errors.Join(faults...)
}
