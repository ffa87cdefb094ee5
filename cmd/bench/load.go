package main

import (
	"context"
	"fmt"

	"dwell/cmd/bench/workload"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
)

type loadCommand struct {
	size
	Brokers string `required:"" help:"Bootstrap broker, host:port."`
	Topic   string `default:"bench.events" help:"Topic to write to."`
}

// loadBatch is how many records are written at once: enough for full batches, as a partition gets some thousands of them.
const loadBatch = 20_000

func (c *loadCommand) Run(ctx context.Context) error {
	if err := load(ctx, c.Brokers, c.Topic, c.config()); err != nil {
		return err
	}
	fmt.Printf("loaded %d events into %s\n", c.Events, c.Topic)
	return nil
}

// load writes the workload into a new topic.
func load(ctx context.Context, broker, topic string, size workload.Config) error {
	records, err := workload.New(size)
	if err != nil {
		return err
	}
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic, cfg.ClientID = []string{broker}, topic, "bench"
	// The events have old timestamps; retention by time would delete them at once. Every engine goes by those, not by when they came.
	created, err := kafka.EnsureTopics(ctx, cfg, kafka.NewTopic{Name: topic, Partitions: size.Partitions, Replication: 1, Retention: -1, ProducerTimes: true})
	if err != nil {
		return err
	}
	if len(created) == 0 {
		return fmt.Errorf("topic %q already exists", topic)
	}
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		return err
	}
	defer producer.Close()

	batches := make(chan []event.Record, 1)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // makes the next batch while one is written
		defer close(batches)
		for batch := nextBatch(records); len(batch) > 0; batch = nextBatch(records) {
			select {
			case batches <- batch:
			case <-ctx.Done():
				return
			}
		}
	}()
	for batch := range batches {
		if err := producer.Write(ctx, batch...); err != nil {
			return fmt.Errorf("topic %q: %w", topic, err)
		}
	}
	return ctx.Err()
}

func nextBatch(records *workload.Records) []event.Record {
	batch := make([]event.Record, 0, loadBatch)
	for len(batch) < loadBatch {
		r, ok := records.Next()
		if !ok {
			break
		}
		batch = append(batch, recordOf(r))
	}
	return batch
}

func recordOf(r workload.Record) event.Record {
	return event.StructuredRecord(r.Key, r.Value, r.Time)
}
