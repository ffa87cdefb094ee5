package main

import (
	"context"
	"errors"
	"log/slog"

	"dwell/cmd/dwell/app"
)

// storeFlags are those of every command about what is stored.
type storeFlags struct {
	Config string `type:"path" help:"Configuration file."`
	Data   string `type:"existingdir" help:"Data folder of a dwell with embedded parts, in place of --config."`
	Places string `help:"Places file, or the name of one that is part of the program, in place of the configuration's."`
}

// with starts or joins what is needed, does it, and stops what was started. Own says that no other program counts.
func (c *storeFlags) with(ctx context.Context, e *env, scope app.Scope, do func(s *app.System, own bool) error) error {
	cfg, err := clientConfig(c.Config, c.Data, e)
	if err != nil {
		return err
	}
	if c.Places != "" {
		cfg.Places = c.Places
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, own, err := app.StartOrJoin(ctx, cfg, scope, e.err, log)
	if err != nil {
		return err
	}
	return errors.Join(do(s, own), s.Stop())
}
