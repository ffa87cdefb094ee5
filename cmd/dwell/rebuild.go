package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"dwell/cmd/dwell/app"
	"dwell/ingest/kafka/rebuild"
	"dwell/metrics/clickhouse"
)

type rebuildCommand struct {
	Config     string `type:"path" help:"Configuration file, with the old topic and the database that was counted from it."`
	Topic      string `required:"" help:"The new topic, which is made."`
	Partitions int    `required:"" help:"How many partitions it gets."`
}

func (c *rebuildCommand) Run(ctx context.Context, e *env) error {
	cfg, err := app.LoadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := app.Start(ctx, cfg, app.All, e.err, log)
	if err != nil {
		return err
	}
	return errors.Join(c.rebuild(ctx, e, s), s.Stop())
}

func (c *rebuildCommand) rebuild(ctx context.Context, e *env, s *app.System) error {
	k := s.Config.Kafka
	to := rebuild.Topic{Name: c.Topic, Partitions: c.Partitions, Replication: k.NewReplication}
	counted, uncounted, err := rebuild.Run(ctx, k.Config, to, s.Vocabulary, stored{s.Store}, s.Log)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.out, "topic %q has the %d events that were counted from %q and the %d that were not: "+
		"set kafka.topic to it and clickhouse.database to a new name, and send to it from now on\n", c.Topic, counted, k.Topic, uncounted)
	return nil
}

// stored is what ClickHouse has of a topic.
type stored struct{ *clickhouse.Store }

// Next is the offset of the first record of a partition that was not counted.
func (s stored) Next(ctx context.Context, partition int) (int64, error) {
	p, err := s.Progress(ctx, partition)
	return p.Offset, err
}
