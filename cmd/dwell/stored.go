package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"dwell/cmd/dwell/app"
)

// storeFlags are those of every command about what is stored.
type storeFlags struct {
	folderFlags `embed:""`
}

// with starts or joins what is needed, does it, and stops what was started. Own says that no other program counts.
func (c *storeFlags) with(ctx context.Context, e *env, scope app.Scope, do func(s *app.System, own bool) error) error {
	if c.Data != "" {
		if _, err := os.Stat(c.Data); err != nil { // an empty folder would be made, and answer that there is nothing
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
