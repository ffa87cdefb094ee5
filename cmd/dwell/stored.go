package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"dwell/cmd/dwell/app"
)

// storeFlags are the flags of every command that reads the tables.
type storeFlags struct {
	folderFlags `embed:""`
}

// with starts or joins the parts that scope needs, calls do, and stops what it has started. Own is as for app.StartOrJoin.
func (c *storeFlags) with(ctx context.Context, e *env, scope app.Scope, do func(s *app.System, own bool) error) error {
	if c.Data != "" {
		if _, err := os.Stat(c.Data); err != nil { // a new folder would be created, and be empty
			return fmt.Errorf("--data: %w", err)
		}
	}
	cfg, err := c.load(e.environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, scope, e.err, log)
	if err != nil {
		return err
	}
	return errors.Join(do(s, own), s.Stop())
}
