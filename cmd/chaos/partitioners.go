package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
)

// roundRobin is for messages of which no partitioner says where they belong.
var roundRobin = &kafkago.RoundRobin{}

// partitioners are those of Kafka's Java client, of librdkafka and of Sarama, and one that takes any partition.
var partitioners = []kafkago.Balancer{
	kafkago.Murmur2Balancer{Consistent: true},
	kafkago.CRC32Balancer{Consistent: true},
	&kafkago.Hash{},
	kafkago.BalancerFunc(func(_ kafkago.Message, partitions ...int) int { return partitions[rand.IntN(len(partitions))] }),
}

// stray is a record of software whose partitioner is drawn for each, or that gives its records no key. It knows nothing of facts that every
// partition must have.
func stray(record *event.Record, r *rand.Rand) kafkago.Message {
	record.SetAllPartitions(false)
	m := kafkago.Message{Topic: eventsTopic, Key: record.Key, Value: record.Value, Time: time.UnixMilli(record.Time)}
	for _, h := range record.Headers {
		m.Headers = append(m.Headers, kafkago.Header{Key: string(h.Key), Value: h.Value})
	}
	if n := r.IntN(len(partitioners) + 1); n < len(partitioners) {
		m.WriterData = partitioners[n]
	} else {
		m.Key, m.WriterData = nil, roundRobin
	}
	return m
}

// newWriter is an ordinary client of Kafka. Each message says which partitioner it has.
func newWriter(broker string) *kafkago.Writer {
	return &kafkago.Writer{
		Addr: kafkago.TCP(broker), RequiredAcks: kafkago.RequireAll, BatchSize: 1000, BatchTimeout: 5 * time.Millisecond,
		Balancer: kafkago.BalancerFunc(func(m kafkago.Message, partitions ...int) int {
			return m.WriterData.(kafkago.Balancer).Balance(m, partitions...)
		}),
	}
}

// send writes messages until all are acknowledged, some of them twice. The load must be held.
func (l *load) send(ctx context.Context, messages ...kafkago.Message) error {
	for len(messages) > 0 {
		err := l.writer.WriteMessages(ctx, messages...)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fmt.Println("sending messages again:", err)
	}
	return nil
}

// checkForwarded fails unless records were forwarded, without which mixed partitioners have shown nothing.
func (b *border) checkForwarded(ctx context.Context) (records uint64, err error) {
	conn, err := b.connect()
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }() // nothing is written
	err = conn.QueryRow(ctx, "SELECT uniqExact(forwarded) FROM events WHERE forwarded != ''").Scan(&records)
	if err == nil && records == 0 {
		err = fmt.Errorf("no record was forwarded, of producers with several partitioners")
	}
	return records, err
}
