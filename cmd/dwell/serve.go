package main

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"dwell/cmd/dwell/app"
)

type serveCommand struct {
	Config string `type:"path" help:"Configuration file (YAML). Every key is also an environment variable, DWELL_KAFKA_BROKERS for kafka.brokers."`
}

func (c *serveCommand) Run(ctx context.Context, e *env) error {
	cfg, err := app.LoadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	handler, err := cfg.Log.Handler(e.err)
	if err != nil {
		return err
	}
	app.CollectGarbage(e.environ)
	s, err := app.Serve(ctx, cfg, e.out, slog.New(handler), time.Now)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	return errors.Join(s.Wait(ctx), s.Stop())
}

// unlessStopped returns the error of a start, or nil if the start failed because the program was stopped meanwhile.
func unlessStopped(ctx context.Context, err error) error {
	if ctx.Err() != nil && errors.Is(err, ctx.Err()) {
		return nil
	}
	return err
}
