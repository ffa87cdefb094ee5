package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"

	"dwell/cmd/dwell/app"
)

// storeFlags are the flags of every command that reads the tables.
type storeFlags struct {
	folderFlags `embed:""`
}

// with starts or joins the parts that scope needs, calls do, and stops what it has started. Own is as for app.StartOrJoin.
func (c *storeFlags) with(ctx context.Context, e *env, scope app.Scope, do func(s *app.System, own bool) error) error {
	cfg, err := c.loadStored(e.environ)
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

// loadStored is load for a command that needs data. It refuses a folder that has none.
func (f *folderFlags) loadStored(environ []string) (app.Config, error) {
	if f.Data != "" {
		if err := holdsData(f.Data); err != nil {
			return app.Config{}, fmt.Errorf("--data: %w", err)
		}
	}
	cfg, err := f.load(environ)
	if err == nil && (cfg.Kafka.Embedded || cfg.ClickHouse.Embedded) {
		if err = holdsData(cfg.Data); err != nil {
			err = fmt.Errorf("data: %w", err)
		}
	}
	return cfg, err
}

// holdsData refuses a folder in which no part of dwell has left anything. A database would be made in it, if it is the home folder
// too, and answer that there is nothing.
func holdsData(dir string) error {
	if _, err := os.Stat(dir); err != nil {
		return err
	}
	for _, part := range []string{"clickhouse", "kafka"} {
		if info, err := os.Stat(filepath.Join(dir, part)); err == nil && info.IsDir() {
			return nil
		}
	}
	return fmt.Errorf("%q is no data folder of dwell: it has neither a folder \"clickhouse\" nor a folder \"kafka\"", dir)
}
