package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"dwell/ingest/event"
)

// lookBytes has room for some batches; brokers send the first one whole, however large it is.
const lookBytes = 64 << 10

// Bounds are the offsets of the first record that a partition has, and that after the last.
func (p *Producer) Bounds(ctx context.Context, partition int) (first, end int64, err error) {
	return p.client.bounds(ctx, p.cfg.Topic, partition)
}

// Look returns the first record of a partition at an offset or behind it. It is not ok where the broker sends no record at once, as at the
// end, or where it cannot be read.
func (p *Producer) Look(ctx context.Context, partition int, offset int64) (r event.Record, ok bool, err error) {
	return p.client.look(ctx, p.cfg, partition, offset)
}

// Bounds is that of Producer.
func (c *Consumer) Bounds(ctx context.Context, partition int) (first, end int64, err error) {
	return c.client.bounds(ctx, c.cfg.Topic, partition)
}

// Look is that of Producer.
func (c *Consumer) Look(ctx context.Context, partition int, offset int64) (r event.Record, ok bool, err error) {
	return c.client.look(ctx, c.cfg, partition, offset)
}

func (c *client) look(ctx context.Context, cfg Config, partition int, offset int64) (r event.Record, ok bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	l, err := c.layout(ctx, cfg.Topic)
	if err != nil {
		return r, false, err
	}
	leader, ok := l.leaders[partition]
	if !ok {
		return r, false, fmt.Errorf("partition %d of topic %q has no leader", partition, cfg.Topic)
	}
	req := newFetchRequest(cfg.ClientID, cfg.Topic, leader, 0, []fetch.RequestPartition{{
		Partition: int32(partition), CurrentLeaderEpoch: -1, FetchOffset: offset, LogStartOffset: -1, PartitionMaxBytes: lookBytes,
	}})
	m, err := c.transport.RoundTrip(ctx, c.Addr, req)
	if err != nil {
		return r, false, fmt.Errorf("read topic %q partition %d at offset %d: %w", cfg.Topic, partition, offset, err)
	}
	answers := m.(*fetchAnswer).partitions
	if len(answers) == 0 {
		return r, false, nil
	}
	a := answers[0] // one was asked for
	if a.code != 0 {
		return r, false, fmt.Errorf("read topic %q partition %d at offset %d: %w", cfg.Topic, partition, offset, kafkago.Error(a.code))
	}
	batches, _ := frames(a.data, offset, a.highWatermark)
	transactions, reader := newTransactions(a.aborted), &recordReader{}
	if _, err := read(reader, offset, &transactions, batches); err != nil || len(reader.records) == 0 {
		return r, false, nil //nolint:nilerr // a batch that cannot be read is the consumer's to judge
	}
	return reader.records[0], true, nil
}
