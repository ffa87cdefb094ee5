package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"

	"dwell/metrics/audit"
)

type auditCommand struct {
	Config string `type:"path" help:"Configuration file."`
	Data   string `type:"existingdir" help:"Data folder of a dwell with embedded parts, in place of --config."`
	Places string `help:"Places file, or the name of one that is part of the program, in place of the configuration's."`
	Truth  string `type:"existingfile" help:"What really happened, as dwell simulate --truth wrote it."`
}

// errDifferences is the error of an audit that has found some, and has printed them.
var errDifferences = errors.New("the audit has found differences")

func (c *auditCommand) Run(ctx context.Context, e *env) error {
	cfg, err := clientConfig(c.Config, c.Data, e)
	if err != nil {
		return err
	}
	if c.Places != "" {
		cfg.Places = c.Places
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, _, err := startOrJoin(ctx, cfg, e.err, log)
	if err != nil {
		return err
	}
	found, err := c.audit(ctx, e, s)
	if err = errors.Join(err, s.stop()); err != nil {
		return err
	}
	if found.Differences > 0 {
		return errDifferences
	}
	return nil
}

func (c *auditCommand) audit(ctx context.Context, e *env, s *system) (audit.Result, error) {
	ac := audit.Config{Database: s.cfg.ClickHouse.Database}
	for i := range s.book.Places {
		p := &s.book.Places[i]
		ac.Places = append(ac.Places, audit.Place{BCP: p.ID, Zone: p.Zone.String(), LapseAfter: p.LapseAfter})
	}
	if c.Truth != "" {
		truth, err := os.Open(c.Truth)
		if err != nil {
			return audit.Result{}, fmt.Errorf("--truth: %w", err)
		}
		defer func() { _ = truth.Close() }() // it was only read
		ac.Truth = truth
	}
	return audit.Run(ctx, s.store.Conn(), ac, e.out)
}
