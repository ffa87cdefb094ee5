package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
)

// wrongClock sends forty arrivals of one post whose clock says 2099, either as the topic is, with the broker's times, or while it has
// CreateTime. In the first case they must be dead letters. In the second they must be counted, and no watermark may follow them, so that
// no truck of another post lapses.
func wrongClock(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	createTime := r.IntN(2) == 0
	// A post that is alone in a partition is believed, so others must be in each one first.
	err := b.until(ctx, "each partition has a thousand records", func() bool {
		ends, err := b.ends(ctx, eventsTopic)
		for _, end := range ends {
			if end < 1000 {
				return false
			}
		}
		return err == nil
	})
	if err != nil {
		return "", err
	}
	defer b.load.hold()()
	if err := b.ready(ctx); err != nil {
		return "", err
	}
	var records []event.Record
	for i := range 40 {
		for _, truck := range b.load.trucksOf(i%partitions, 1) {
			at := time.Date(2099, 1, 1, 0, 0, i, 0, time.UTC)
			records = append(records, own("truck.arrived", truck, at, at))
			b.load.own.trucks[truck] = createTime
		}
	}
	what := "LogAppendTime, 40 dead letters"
	if createTime {
		what = "CreateTime"
		if err := b.setTimestampType(ctx, what); err != nil {
			return "", err
		}
	} else {
		b.load.own.ahead += len(records)
	}
	err = b.load.write(ctx, records...)
	if createTime {
		err = errors.Join(err, b.setTimestampType(ctx, "LogAppendTime"))
	}
	if err := errors.Join(err, b.caughtUp(ctx)); err != nil {
		return "", err
	}
	return what, b.checkWatermarks(ctx)
}

func (b *border) setTimestampType(ctx context.Context, kind string) error {
	transport := &kafkago.Transport{} // of its own: a fault may have closed the connections of others
	defer transport.CloseIdleConnections()
	client := kafkago.Client{Addr: kafkago.TCP(b.kafkaAddr), Timeout: 10 * time.Second, Transport: transport}
	res, err := client.IncrementalAlterConfigs(ctx, &kafkago.IncrementalAlterConfigsRequest{Resources: []kafkago.IncrementalAlterConfigsRequestResource{{
		ResourceType: kafkago.ResourceTypeTopic, ResourceName: eventsTopic,
		Configs: []kafkago.IncrementalAlterConfigsRequestConfig{{Name: "message.timestamp.type", Value: kind, ConfigOperation: kafkago.ConfigOperationSet}},
	}}})
	for i := 0; err == nil && i < len(res.Resources); i++ {
		err = res.Resources[i].Error
	}
	if err != nil {
		return fmt.Errorf("set message.timestamp.type to %s: %w", kind, err)
	}
	return nil
}

// checkWatermarks fails if the watermark of a shard has followed the wrong clock.
func (b *border) checkWatermarks(ctx context.Context) error {
	conn, err := b.connect()
	if err != nil {
		return err
	}
	var ahead, lapsed uint64
	err = conn.QueryRow(ctx, "SELECT (SELECT countIf(latest >= '2090-01-01') FROM progress FINAL), (SELECT countIf(lapsed >= '2090-01-01') FROM visits FINAL)").Scan(&ahead, &lapsed)
	if err == nil && (ahead > 0 || lapsed > 0) {
		err = fmt.Errorf("%d shards have followed a clock that says 2099, and %d visits have lapsed by it", ahead, lapsed)
	}
	return errors.Join(err, conn.Close())
}
