package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"dwell/cmd/bench/history"
	embedded "dwell/deploy/embedded/clickhouse"
	store "dwell/metrics/clickhouse"
)

type historyCommand struct {
	ClickHouse string `name:"clickhouse" required:"" help:"HTTP interface of ClickHouse, host:port."`
	Password   string `type:"path" name:"password-file" help:"File of the password of its user default; empty where none is needed."`
	Database   string `default:"history" help:"Database of the windows, made where it is missing."`
	Visits     int64  `default:"1000000000" help:"Number of visits that the windows stand for."`
	Years      int    `default:"5" help:"How long they took."`
	BCPs       int    `name:"bcps" default:"200" help:"Number of border crossing points."`
	Times      int    `default:"20" help:"How often each question is asked."`
}

func (c *historyCommand) Run(ctx context.Context) error {
	cfg := store.DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.ReadTimeout = []string{c.ClickHouse}, c.Database, time.Hour
	if c.Password != "" {
		var err error
		if cfg.Password, err = embedded.ReadPassword(c.Password); err != nil {
			return err
		}
	}
	h := history.Config{Visits: c.Visits, Years: c.Years, BCPs: c.BCPs, Now: time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC)}
	voc, err := h.Vocabulary()
	if err != nil {
		return err
	}
	tables, err := store.Open(ctx, cfg, voc)
	if err != nil {
		return err
	}
	defer func() { _ = tables.Close() }()
	var rows uint64
	if err := tables.Conn().QueryRow(ctx, "SELECT count() FROM "+c.Database+".windows").Scan(&rows); err != nil {
		return err
	}
	if rows == 0 {
		if err := history.Make(ctx, tables.Conn(), c.Database, h); err != nil {
			return err
		}
	}
	var size string
	if err := tables.Conn().QueryRow(ctx, "SELECT sum(rows), formatReadableSize(sum(bytes_on_disk)) FROM system.parts WHERE active AND database = '"+c.Database+"' AND table = 'windows'").Scan(&rows, &size); err != nil {
		return err
	}
	fmt.Printf("%d windows, %s\n", rows, size)
	return history.Ask(ctx, tables.Conn(), c.Database, h, c.Times, os.Stdout)
}
