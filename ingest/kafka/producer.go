package kafka

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"

	"dwell/ingest/event"
)

// Producer writes to Kafka. It may be used by several goroutines.
//
// A write that returns nil is on every in-sync replica. A write that returns an error may have been written in part or
// whole: it is safe to write it again, since events are deduplicated by id. Records of one partition keep their order within
// a Write, and across calls if the first has returned before the second is made.
type Producer struct {
	cfg     Config
	client  *client
	codec   compress.Compression
	writers sync.Pool

	mu sync.Mutex
	// partitions is the number of partitions by topic, as of the first write to it.
	partitions map[string]int
}

const (
	// batchBytes bounds a batch before compression; Kafka's own default limit is a little above a megabyte, after it. A
	// larger record gets a batch of its own.
	batchBytes = 1_000_000
	// deliverFor bounds the retries of one batch: a leader may move, or a broker restart.
	deliverFor         = 30 * time.Second
	retryMin, retryMax = 100 * time.Millisecond, time.Second
	// leadersTTL bounds the age of the cached leaders, which failures do not refresh.
	leadersTTL = time.Second
)

// NewProducer checks the configuration and connects to nothing.
func NewProducer(cfg Config) (*Producer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	c, err := newClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	c.transport.MetadataTTL, c.transport.MetadataTopics = leadersTTL, []string{cfg.Topic, cfg.DeadLetterTopic}
	return &Producer{
		cfg: cfg, client: c,
		codec:      compress.Compression(slices.Index(compressions, cfg.Compression)),
		writers:    sync.Pool{New: func() any { return new(batchWriter) }},
		partitions: map[string]int{},
	}, nil
}

// Close closes the connections.
func (p *Producer) Close() { p.client.close() }

// Write writes the records to the topic of events and waits until all are acknowledged. The key chooses the partition as in
// Kafka's Java client (murmur2); a record marked for all partitions is written to every partition. Some thousand records per
// call make good batches.
func (p *Producer) Write(ctx context.Context, records ...event.Record) error {
	if len(records) == 0 {
		return nil
	}
	partitions, err := p.partitionsOf(ctx, p.cfg.Topic)
	if err != nil {
		return err
	}
	to := make([][]*event.Record, partitions)
	for i := range records {
		r := &records[i]
		if r.AllPartitions() {
			for partition := range to {
				to[partition] = append(to[partition], r)
			}
			continue
		}
		partition := PartitionOf(r.Key, partitions)
		to[partition] = append(to[partition], r)
	}
	return p.write(ctx, p.cfg.Topic, to)
}

// Forward copies records of the given partition to every other one: facts about places that were found in one partition
// only. It marks the copies, so that they are not forwarded again.
func (p *Producer) Forward(ctx context.Context, partition int, records []event.Record) error {
	partitions, err := p.partitionsOf(ctx, p.cfg.Topic)
	if err != nil {
		return err
	}
	to := make([][]*event.Record, partitions)
	for _, r := range records {
		r.SetAllPartitions(true)
		for other := range to {
			if other != partition {
				to[other] = append(to[other], &r)
			}
		}
	}
	return p.write(ctx, p.cfg.Topic, to)
}

// PartitionOf is the partition of a key or a subject in a topic of so many partitions, as Kafka's Java client chooses it. A null key goes
// to the same partition as an empty one.
func PartitionOf(key []byte, partitions int) int {
	return kafkago.Murmur2Balancer{Consistent: true}.Balance(kafkago.Message{Key: key}, partitionNumbers[:partitions]...)
}

// partitionNumbers are what the balancer chooses from. Kafka advises against topics of more than some thousand.
var partitionNumbers = func() []int {
	all := make([]int, 1<<16)
	for i := range all {
		all[i] = i
	}
	return all
}()

func (p *Producer) partitionsOf(ctx context.Context, topic string) (int, error) {
	p.mu.Lock()
	n := p.partitions[topic]
	p.mu.Unlock()
	if n > 0 {
		return n, nil
	}
	l, err := p.client.layout(ctx, topic)
	if err != nil {
		return 0, err
	}
	if l.partitions > len(partitionNumbers) {
		return 0, fmt.Errorf("topic %q has %d partitions, more than %d", topic, l.partitions, len(partitionNumbers))
	}
	p.mu.Lock()
	p.partitions[topic] = l.partitions
	p.mu.Unlock()
	return l.partitions, nil
}

// write writes to[i] to partition i, the partitions side by side, and waits for all.
func (p *Producer) write(ctx context.Context, topic string, to [][]*event.Record) error {
	errs := make([]error, len(to))
	var writes sync.WaitGroup
	for partition, records := range to {
		if len(records) == 0 {
			continue
		}
		writes.Go(func() {
			if written, err := p.writePartition(ctx, topic, partition, records); err != nil {
				errs[partition] = fmt.Errorf("write to topic %q partition %d: %d of %d records were not acknowledged: %w",
					topic, partition, len(records)-written, len(records), err)
			}
		})
	}
	writes.Wait()
	return errors.Join(errs...)
}

func (p *Producer) writePartition(ctx context.Context, topic string, partition int, records []*event.Record) (written int, err error) {
	w := p.writers.Get().(*batchWriter)
	for written < len(records) {
		w.reset()
		n, size := written, 0
		for n < len(records) {
			r := records[n]
			if size += sizeOf(r); size > batchBytes && n > written {
				break
			}
			w.add(r)
			n++
		}
		set, err := w.finish(p.codec)
		if err == nil {
			err = p.deliver(ctx, topic, partition, set)
		}
		if errors.Is(err, kafkago.MessageSizeTooLarge) && n == written+1 {
			err = fmt.Errorf("the record with key %q and %d bytes of value: %w",
				records[written].Key, len(records[written].Value), err)
		}
		if err != nil {
			return written, err // a cancelled request may still read w
		}
		written = n
	}
	p.writers.Put(w)
	return written, nil
}

func sizeOf(r *event.Record) int {
	n := len(r.Key) + len(r.Value) + 20
	for _, h := range r.Headers {
		n += len(h.Key) + len(h.Value) + 4
	}
	return n
}

// deliver sends a record set until it is acknowledged, is refused with a permanent error, or deliverFor has passed.
func (p *Producer) deliver(ctx context.Context, topic string, partition int, set []byte) error {
	pace := backoff{min: retryMin, max: retryMax}
	started := time.Now()
	for {
		err := p.try(ctx, topic, partition, set)
		if err == nil || ctx.Err() != nil || !passes(err) || time.Since(started) > deliverFor || !pace.wait(ctx) {
			return err
		}
	}
}

func (p *Producer) try(ctx context.Context, topic string, partition int, set []byte) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := p.client.RawProduce(ctx, &kafkago.RawProduceRequest{
		Topic: topic, Partition: partition, RequiredAcks: kafkago.RequireAll,
		RawRecords: protocol.RawRecordSet{Reader: bytes.NewReader(set)},
	})
	if err != nil {
		return err
	}
	return res.Error
}

// passes reports whether a retry may help: temporary broker errors, and all errors that are not the broker's.
func passes(err error) bool {
	var broker kafkago.Error
	return !errors.As(err, &broker) || broker.Temporary()
}
