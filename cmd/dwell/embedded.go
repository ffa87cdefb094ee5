package main

import (
	"context"
	"log/slog"

	embedded "dwell/deploy/embedded/clickhouse"
)

// embeddedCommand is the child process that embedded ClickHouse runs in.
type embeddedCommand struct {
	Data   string `required:"" help:"Folder of the tables."`
	Listen string `default:"127.0.0.1:0" help:"Address of the HTTP interface."`

	PasswordFile string `type:"path" help:"File of the password that each request must carry; it is made where missing."`
}

func (c *embeddedCommand) Run(ctx context.Context, e *env) error {
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	password := ""
	if c.PasswordFile != "" {
		var err error
		if password, err = embedded.Password(c.PasswordFile); err != nil {
			return err
		}
	}
	return embedded.RunChild(ctx, c.Data, c.Listen, password, e.in, e.out, log)
}
