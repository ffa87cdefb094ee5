package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// unreadableBatch produces a batch that cannot be read, which the broker must refuse, and then puts it into the log behind the broker's
// back. It must become a dead letter, and what comes after it must be counted.
func unreadableBatch(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	defer b.load.hold()()
	at := anyTarget(r)
	if err := errors.Join(b.ready(ctx), b.caughtUp(ctx)); err != nil {
		return "", err
	}
	if err := b.mustRefuse(ctx, at, unreadable(0, r)); err != nil {
		return "", err
	}
	if err := b.broker.stop(); err != nil {
		return "", err
	}
	log, err := b.segmentOf(at)
	if err != nil {
		return "", err
	}
	if err := log.append(unreadable(log.next, r)); err != nil {
		return "", err
	}
	b.load.own.unreadable++
	if err := b.startBroker(ctx); err != nil {
		return "", err
	}
	if err := b.passAfter(ctx, at); err != nil {
		return "", err
	}
	return fmt.Sprintf("refused, and at offset %d of the log of %v", log.next, at), b.ready(ctx)
}

// mustRefuse sends a batch, which the broker must refuse with an error of what is in it, so that the log stays as it was.
func (b *border) mustRefuse(ctx context.Context, at target, raw []byte) error {
	before, err := b.ends(ctx, at.topic)
	if err != nil {
		return err
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(b.kafkaAddr))
	if err != nil {
		return err
	}
	defer client.Close()
	topic, of := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	of.Partition, of.Records = int32(at.partition), raw
	topic.Topic, topic.Partitions = at.topic, append(topic.Partitions, of)
	req := kmsg.NewPtrProduceRequest()
	req.Acks, req.TimeoutMillis, req.Topics = -1, 10_000, append(req.Topics, topic)
	res, err := client.Broker(0).Request(ctx, req)
	if err != nil {
		return err
	}
	code := res.(*kmsg.ProduceResponse).Topics[0].Partitions[0].ErrorCode
	if code != kerr.InvalidRecord.Code {
		return fmt.Errorf("the broker answered a batch that cannot be read with error code %d, want %w", code, kerr.InvalidRecord)
	}
	after, err := b.ends(ctx, at.topic)
	if err == nil && !slices.Equal(before, after) {
		err = fmt.Errorf("the broker refused a batch, and its log ends at %v, which ended at %v", after, before)
	}
	return err
}

// startBroker starts the broker again, and waits until it answers.
func (b *border) startBroker(ctx context.Context) error {
	if err := b.broker.start(); err != nil {
		return err
	}
	return b.until(ctx, "the broker answers", func() bool { return b.broker.started() && answers(b.brokerAddr) })
}

// passAfter sends trucks to the end of a partition, and waits until everything is counted. The load must be held.
func (b *border) passAfter(ctx context.Context, at target) error {
	trucks := b.load.trucksOf(at.partition, 5)
	for _, truck := range trucks {
		b.load.own.trucks[truck] = true
	}
	if err := b.load.pass(ctx, at, trucks...); err != nil {
		return err
	}
	return b.caughtUp(ctx)
}
