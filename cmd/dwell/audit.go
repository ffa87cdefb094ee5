package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"dwell/cmd/dwell/app"
	"dwell/dashboards/visible"
	"dwell/metrics/audit"
)

type auditCommand struct {
	storeFlags `embed:""`

	Truth string `type:"existingfile" help:"What really happened, as dwell simulate --truth wrote it."`
	Slice int    `default:"100000" help:"Events compared at once; fewer take less memory and more time."`
}

// errDifferences is the error of an audit that has found some, and has printed them.
var errDifferences = errors.New("the audit has found differences")

func (c *auditCommand) Run(ctx context.Context, e *env) error {
	if c.Slice < 1 {
		return fmt.Errorf("--slice %d: it must be 1 or more", c.Slice)
	}
	return c.with(ctx, e, app.Stored, func(s *app.System, _ bool) error {
		found, err := c.audit(ctx, e, s)
		if err == nil && found.Differences > 0 {
			err = errDifferences
		}
		return err
	})
}

func (c *auditCommand) audit(ctx context.Context, e *env, s *app.System) (audit.Result, error) {
	if _, err := s.CheckRules(ctx); err != nil {
		return audit.Result{}, err
	}
	ac := audit.Config{Database: s.Config.ClickHouse.Database, Places: s.Book.Places, EventsPerBucket: c.Slice, Visible: visible.Text}
	if c.Truth != "" {
		truth, err := os.Open(c.Truth)
		if err != nil {
			return audit.Result{}, fmt.Errorf("--truth: %w", err)
		}
		defer func() { _ = truth.Close() }() // it was only read
		ac.Truth = truth
	}
	return audit.Run(ctx, s.Store.Conn(), ac, e.out)
}
