package main

import (
	"context"
	"log/slog"

	embedded "dwell/deploy/embedded/clickhouse"
	"dwell/metrics/clickhouse"
)

// embeddedCommand is the child process that embedded ClickHouse runs in.
type embeddedCommand struct {
	Data   string `required:"" help:"Folder of the tables."`
	Listen string `default:"127.0.0.1:0" help:"Address of the HTTP interface."`

	PasswordFile string `required:"" type:"path" help:"File of the password that each statement must carry."`
}

func (c *embeddedCommand) Run(ctx context.Context, e *env) error {
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	cfg := embedded.Config{Data: c.Data, Listen: c.Listen, PasswordFile: c.PasswordFile, Own: clickhouse.Program}
	return embedded.RunChild(ctx, cfg, e.in, e.out, log)
}
