package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"dwell/cmd/dwell/app"
)

type recountCommand struct {
	folderFlags `embed:""`
}

func (c *recountCommand) Run(ctx context.Context, e *env) error {
	cfg, err := c.loadStored(e.environ)
	if err != nil {
		return err
	}
	app.CollectGarbage(e.environ)
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := app.Start(ctx, cfg, app.All, e.err, log)
	if err != nil {
		return err
	}
	return errors.Join(c.recount(ctx, e, s), s.Stop())
}

func (c *recountCommand) recount(ctx context.Context, e *env, s *app.System) error {
	records, err := s.Recount(ctx)
	s.EndLine()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.out, "recounted %d records; the new tables are in force\n", records)
	return nil
}
