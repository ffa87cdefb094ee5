package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/kafka"
)

// bed is the environment of every engine: a broker and a ClickHouse, each a process of its own.
type bed struct {
	dwell, dir string
	broker     *broker
	clickhouse *clickhouse
}

// startBed starts both. The caller must end what has started, also after an error.
func startBed(ctx context.Context, dwell, jars, dir string) (b *bed, err error) {
	b = &bed{dwell: dwell, dir: dir}
	if b.broker, err = startBroker(ctx, jars, filepath.Join(dir, "kafka"), 0); err != nil {
		return b, err
	}
	b.clickhouse, err = startClickHouse(ctx, filepath.Join(dir, "clickhouse"), dwell, "embedded-clickhouse")
	return b, err
}

func (b *bed) end() error {
	var errs []error
	if b.broker != nil {
		errs = append(errs, b.broker.stop())
	}
	if b.clickhouse != nil {
		errs = append(errs, b.clickhouse.stop())
	}
	return errors.Join(errs...)
}

// newTopic makes a topic without retention, whose records keep the times of the workload: its last day passes in a minute.
func newTopic(ctx context.Context, addr, topic string, partitions int) error {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic = []string{addr}, topic
	_, err := kafka.EnsureTopics(ctx, cfg, kafka.NewTopic{Name: topic, Partitions: partitions, Replication: 1, Retention: -1, ProducerTimes: true})
	return err
}

// clear drops every topic but the input, and every database, so that no engine finds leftovers of another.
func (b *bed) clear(ctx context.Context, read []topic) error {
	client := &kafkago.Client{Addr: kafkago.TCP(b.broker.addr)}
	there, err := client.Metadata(ctx, &kafkago.MetadataRequest{})
	if err != nil {
		return err
	}
	var left []string
	for _, t := range there.Topics {
		if !t.Internal && !slices.ContainsFunc(read, func(r topic) bool { return r.name == t.Name }) {
			left = append(left, t.Name)
		}
	}
	if len(left) > 0 {
		res, err := client.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: left})
		if err != nil {
			return err
		}
		for name, err := range res.Errors {
			if err != nil && !errors.Is(err, kafkago.UnknownTopicOrPartition) {
				return fmt.Errorf("topic %q: %w", name, err)
			}
		}
	}
	var databases []string
	err = query(ctx, b.clickhouse.url(), "SELECT name FROM system.databases WHERE name NOT IN ('default', 'system', 'information_schema', 'INFORMATION_SCHEMA')"+format,
		func(rows *json.Decoder) error {
			var name string
			err := rows.Decode(&[]any{&name})
			if err == nil {
				databases = append(databases, name)
			}
			return err
		})
	for _, name := range databases {
		err = errors.Join(err, query(ctx, b.clickhouse.url(), "DROP DATABASE "+name+" SYNC", noRows))
	}
	return err
}
