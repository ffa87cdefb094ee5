package main

import (
	"context"
	"fmt"

	"dwell/cmd/dwell/app"
)

type logCommand struct {
	Accept acceptLogCommand `cmd:"" help:"Count on in a partition whose log has lost records that were counted, or is not the one that was counted."`
}

type acceptLogCommand struct {
	storeFlags `embed:""`
	Partition  int   `required:"" help:"The partition, which /readyz names."`
	From       int64 `default:"-1" help:"The offset from which on records have not been counted; they are written again, behind what was. Without it, where the log ended when the loss was found, or the first of a log that is another one."`
}

func (c *acceptLogCommand) Run(ctx context.Context, e *env) error {
	return c.with(ctx, e, app.All, func(s *app.System, _ bool) error {
		copied, next, err := s.AcceptLog(ctx, c.Partition, c.From)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.out, "partition %d is counted on from offset %d; %d records were written again behind it\n", c.Partition, next, copied)
		return err
	})
}
