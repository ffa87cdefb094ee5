package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"strconv"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
)

// taskWindow is a record of a result topic: what one task of an engine counted for a BCP and minute. Several tasks may count
// for the same one.
type taskWindow struct {
	BCP    string            `json:"bcp"`
	Minute *int32            `json:"minute"`
	N      uint64            `json:"n"`
	Sum    int64             `json:"sum_ms"`
	Bins   map[string]uint64 `json:"bins"`
}

// peerScale converts the bins in result topics.
var peerScale = logarithmic(1.02, -1000, 1)

// resultFromTopic merges the last committed record of each key of a result topic.
func resultFromTopic(ctx context.Context, broker, topic string) (result, error) {
	last, err := latestByKey(ctx, broker, topic)
	if err != nil {
		return nil, err
	}
	got, bins := result{}, map[windowKey]sketch{}
	for key, value := range last {
		var p taskWindow
		if err := json.Unmarshal(value, &p); err != nil {
			return nil, fmt.Errorf("topic %q, key %q: %q: %w", topic, key, value, err)
		}
		if p.BCP == "" || p.Minute == nil {
			return nil, fmt.Errorf("topic %q, key %q: %q lacks bcp or minute", topic, key, value)
		}
		at := windowKey{p.BCP, *p.Minute}
		a := got[at]
		a.n += p.N
		a.sum += p.Sum
		got[at] = a
		if bins[at] == nil {
			bins[at] = make(sketch, len(p.Bins))
		}
		for name, count := range p.Bins {
			bin, err := strconv.Atoi(name)
			if err != nil {
				return nil, fmt.Errorf("topic %q, key %q: bin %q is not a number", topic, key, name)
			}
			bins[at][bin] += count
		}
	}
	for at, a := range got {
		a.fill(bins[at], peerScale)
		got[at] = a
	}
	return got, nil
}

// latestByKey reads a topic to its end and returns the last value of each key. A tombstone deletes its key.
func latestByKey(ctx context.Context, broker, topic string) (map[string][]byte, error) {
	ends, err := endOffsets(ctx, broker, topic)
	if err != nil {
		return nil, err
	}
	from := map[int32]kgo.Offset{}
	for p, end := range ends {
		if end > 0 {
			from[p] = kgo.NewOffset().AtStart()
		}
	}
	last := map[string][]byte{}
	if len(from) == 0 {
		return last, nil
	}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(broker), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.KeepControlRecords(), // the last record of a partition may be a control record
	)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	for len(from) > 0 {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err(); err != nil {
			return nil, fmt.Errorf("topic %q: %w", topic, err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			switch {
			case r.Attrs.IsControl():
			case r.Value == nil:
				delete(last, string(r.Key))
			default:
				last[string(r.Key)] = append([]byte(nil), r.Value...) // r.Value would keep the whole fetched batch in memory
			}
			if r.Offset+1 >= ends[r.Partition] {
				delete(from, r.Partition)
			}
		})
	}
	return last, nil
}

// endOffsets returns the end offset of each partition of a topic.
func endOffsets(ctx context.Context, broker, topic string) (map[int32]int64, error) {
	conn, err := kafkago.DialContext(ctx, "tcp", broker)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	partitions, err := conn.ReadPartitions(topic)
	if err != nil {
		return nil, fmt.Errorf("topic %q: %w", topic, err)
	}
	ends := map[int32]int64{}
	for _, p := range partitions {
		leader, err := kafkago.DialLeader(ctx, "tcp", net.JoinHostPort(p.Leader.Host, strconv.Itoa(p.Leader.Port)), topic, p.ID)
		if err != nil {
			return nil, err
		}
		end, err := leader.ReadLastOffset()
		_ = leader.Close()
		if err != nil {
			return nil, fmt.Errorf("topic %q partition %d: %w", topic, p.ID, err)
		}
		ends[int32(p.ID)] = end
	}
	return ends, nil
}
