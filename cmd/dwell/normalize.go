package main

import (
	"context"
	"errors"
	"log/slog"

	"dwell/cmd/dwell/app"
)

type normalizeCommand struct {
	Config string `type:"path" help:"Configuration file (YAML), whose sources have topics."`
}

func (c *normalizeCommand) Run(ctx context.Context, e *env) error {
	cfg, err := app.LoadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	if cfg.Kafka.Embedded {
		return errors.New("kafka.embedded is true: dwell serve reads the topics of sources itself; a process of its own is for a Kafka cluster")
	}
	handler, err := cfg.Log.Handler(e.err)
	if err != nil {
		return err
	}
	s, err := app.Normalize(ctx, cfg, e.out, slog.New(handler))
	if err != nil {
		return unlessStopped(ctx, err)
	}
	return errors.Join(s.Wait(ctx), s.Stop())
}
