package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// topicLog is how far a topic goes, and how far a group has come in it.
type topicLog struct {
	client       *kgo.Client
	topic, group string
	partitions   int
}

const (
	earliest int64 = -2
	latest   int64 = -1
)

// extent is how many records the topic has, and where its partitions end.
func (l *topicLog) extent(ctx context.Context) (records int64, ends []int64, err error) {
	begins, err := l.ends(ctx, earliest)
	if err != nil {
		return 0, nil, err
	}
	if ends, err = l.ends(ctx, latest); err != nil {
		return 0, nil, err
	}
	for p := range ends {
		records += ends[p] - begins[p]
	}
	return records, ends, nil
}

// ends are the offsets of the partitions at one of the two ends.
func (l *topicLog) ends(ctx context.Context, at int64) ([]int64, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	topic := kmsg.NewListOffsetsRequestTopic()
	topic.Topic = l.topic
	for p := range l.partitions {
		partition := kmsg.NewListOffsetsRequestTopicPartition()
		partition.Partition, partition.Timestamp = int32(p), at
		topic.Partitions = append(topic.Partitions, partition)
	}
	req.Topics = append(req.Topics, topic)
	ends := make([]int64, l.partitions)
	for _, shard := range l.client.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, fmt.Errorf("topic %q: %w", l.topic, shard.Err)
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return nil, fmt.Errorf("topic %q partition %d: %w", l.topic, p.Partition, err)
				}
				ends[p.Partition] = p.Offset
			}
		}
	}
	return ends, nil
}

// committed are the offsets that the group has committed; -1 where it has none.
func (l *topicLog) committed(ctx context.Context) ([]int64, error) {
	req := kmsg.NewPtrOffsetFetchRequest()
	topic := kmsg.NewOffsetFetchRequestTopic()
	topic.Topic = l.topic
	for p := range l.partitions {
		topic.Partitions = append(topic.Partitions, int32(p))
	}
	req.Group, req.Topics = l.group, append(req.Topics, topic)
	offsets := slices.Repeat([]int64{-1}, l.partitions)
	for _, shard := range l.client.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, fmt.Errorf("group %q: %w", l.group, shard.Err)
		}
		res := shard.Resp.(*kmsg.OffsetFetchResponse)
		err := kerr.ErrorForCode(res.ErrorCode)
		if errors.Is(err, kerr.GroupIDNotFound) { // what some brokers say before the first member joins
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("group %q: %w", l.group, err)
		}
		for _, t := range res.Topics {
			for _, p := range t.Partitions {
				offsets[p.Partition] = p.Offset
			}
		}
	}
	return offsets, nil
}

// await returns when the group has committed all up to the ends. An empty partition has nothing to commit.
func (l *topicLog) await(ctx context.Context, ends []int64, every time.Duration) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		offsets, err := l.committed(ctx)
		if err != nil {
			return err
		}
		behind := false
		for p, end := range ends {
			behind = behind || end > 0 && offsets[p] < end
		}
		if !behind {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("group %q was at %v of %v: %w", l.group, offsets, ends, ctx.Err())
		case <-tick.C:
		}
	}
}
