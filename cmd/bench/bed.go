package main

import (
	"context"
	"errors"
	"path/filepath"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/kafka"
)

// bed is what every engine works with: a broker and a ClickHouse, each a process of its own.
type bed struct {
	dwell, dir string
	broker     *broker
	clickhouse *clickhouse
}

// startBed starts both. What has started is ended by the caller, also after an error.
func startBed(ctx context.Context, dwell, jars, dir string) (b *bed, err error) {
	b = &bed{dwell: dwell, dir: dir}
	if b.broker, err = startBroker(ctx, jars, filepath.Join(dir, "kafka"), 0); err != nil {
		return b, err
	}
	b.clickhouse, err = startClickHouse(ctx, dwell, filepath.Join(dir, "clickhouse"))
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

// newTopic makes a topic whose records stay.
func newTopic(ctx context.Context, addr, topic string, partitions int) error {
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic = []string{addr}, topic
	_, err := kafka.EnsureTopics(ctx, cfg, kafka.NewTopic{Name: topic, Partitions: partitions, Replication: 1, Retention: -1})
	return err
}

// dropTopic deletes a topic, if there is one.
func dropTopic(ctx context.Context, addr, topic string) error {
	client := &kafkago.Client{Addr: kafkago.TCP(addr)}
	res, err := client.DeleteTopics(ctx, &kafkago.DeleteTopicsRequest{Topics: []string{topic}})
	if err != nil {
		return err
	}
	if err := res.Errors[topic]; !errors.Is(err, kafkago.UnknownTopicOrPartition) {
		return err
	}
	return nil
}
