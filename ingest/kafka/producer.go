package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Message is a record to be written to the canonical topic.
type Message struct {
	// Key is the visit id; it chooses the partition as Kafka's own Java client does (murmur2).
	Key, Value []byte
	Headers    []Header
	// Time is the record's timestamp in Unix milliseconds; 0 is now.
	Time int64
	// Everywhere writes a copy to every partition, whatever the key: facts about a place.
	Everywhere bool
}

// Producer writes to Kafka. It may be used by several goroutines.
//
// A write that returns nil is on every in-sync replica. A write that returns an error may have been written in part or
// whole: writing it again is right, since events are told apart by their ids. Messages of one Write that share a
// partition keep their order.
type Producer struct {
	cfg    Config
	client *client
	writer *kafkago.Writer
}

const (
	// batchRecords and batchBytes bound a batch; Kafka's default limit is a little above a megabyte.
	batchRecords = 10_000
	batchBytes   = 1_000_000
	// batchWait is how long a batch waits for the records of other calls of Write. No call brings more once it waits.
	batchWait = 2 * time.Millisecond
	// attempts, with pauses from retryMin to retryMax, last some twelve seconds: long enough for a leader to move, or a
	// broker to start again.
	attempts           = 15
	retryMin, retryMax = 100 * time.Millisecond, time.Second
	// leadersTTL bounds how old the writer's knowledge of the leaders is, since no failure refreshes it.
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
	return &Producer{cfg: cfg, client: c, writer: &kafkago.Writer{
		Addr:            c.Addr,
		Transport:       c.transport,
		Balancer:        kafkago.BalancerFunc(choosePartition),
		RequiredAcks:    kafkago.RequireAll,
		Compression:     kafkago.Compression(slices.Index(compressions, cfg.Compression)),
		BatchSize:       batchRecords,
		BatchBytes:      batchBytes,
		BatchTimeout:    batchWait,
		MaxAttempts:     attempts,
		WriteBackoffMin: retryMin,
		WriteBackoffMax: retryMax,
		WriteTimeout:    requestTimeout,
		ReadTimeout:     requestTimeout,
	}}, nil
}

// murmur2 agrees with the Java client for every key, and is stable for an absent one.
var murmur2 = kafkago.Murmur2Balancer{Consistent: true}

func choosePartition(m kafkago.Message, partitions ...int) int {
	if p, ok := m.WriterData.(int); ok {
		return p
	}
	return murmur2.Balance(m, partitions...)
}

// PartitionOf is the partition of a key in a topic of so many partitions.
func PartitionOf(key []byte, partitions int) int {
	return murmur2.Balance(kafkago.Message{Key: key}, partitionNumbers(partitions)...)
}

func partitionNumbers(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}

// Write writes the messages to the canonical topic and waits until all are acknowledged. Some thousand messages a call
// make good batches. The messages must not be changed before it returns, nor afterwards if ctx ended first.
func (p *Producer) Write(ctx context.Context, messages ...Message) error {
	out := make([]kafkago.Message, 0, len(messages))
	partitions := 0
	for i := range messages {
		m := &messages[i]
		if !m.Everywhere {
			out = append(out, p.message(m))
			continue
		}
		if partitions == 0 {
			l, err := p.client.layout(ctx, p.cfg.Topic)
			if err != nil {
				return err
			}
			partitions = l.partitions
		}
		for partition := range partitions {
			copied := p.message(m)
			copied.WriterData = partition
			out = append(out, copied)
		}
	}
	return p.write(ctx, p.cfg.Topic, out)
}

func (p *Producer) message(m *Message) kafkago.Message {
	return kafkago.Message{
		Topic: p.cfg.Topic, Key: m.Key, Value: m.Value, Headers: writtenHeaders(m.Headers), Time: writtenTime(m.Time),
	}
}

// Forward writes a copy of the record to every other partition: a fact about a place that was found in one only.
func (p *Producer) Forward(ctx context.Context, partition int, r Record) error {
	l, err := p.client.layout(ctx, p.cfg.Topic)
	if err != nil {
		return err
	}
	var out []kafkago.Message
	for other := range l.partitions {
		if other != partition {
			m := p.message(&Message{Key: r.Key, Value: r.Value, Headers: r.Headers, Time: r.Time})
			m.WriterData = other
			out = append(out, m)
		}
	}
	return p.write(ctx, p.cfg.Topic, out)
}

func (p *Producer) write(ctx context.Context, topic string, messages []kafkago.Message) error {
	if len(messages) == 0 {
		return nil
	}
	err := p.writer.WriteMessages(ctx, messages...)
	if err == nil {
		return nil
	}
	if large := (kafkago.MessageTooLargeError{}); errors.As(err, &large) {
		return fmt.Errorf("write to topic %q: the record with key %q is too large: %d bytes of value, %d fit in a batch",
			topic, large.Message.Key, len(large.Message.Value), batchBytes)
	}
	if each := (kafkago.WriteErrors{}); errors.As(err, &each) {
		first := slices.IndexFunc(each, func(e error) bool { return e != nil })
		return fmt.Errorf("write to topic %q: %d of %d records were not acknowledged: %w",
			topic, each.Count(), len(messages), each[first])
	}
	return fmt.Errorf("write %d records to topic %q: %w", len(messages), topic, err)
}

// Close waits for what is being written and lets the connections go.
func (p *Producer) Close() error {
	err := p.writer.Close()
	p.client.close()
	return err
}

func writtenHeaders(headers []Header) []kafkago.Header {
	if len(headers) == 0 {
		return nil
	}
	out := make([]kafkago.Header, len(headers))
	for i, h := range headers {
		out[i] = kafkago.Header{Key: string(h.Key), Value: h.Value}
	}
	return out
}

// writtenTime is the timestamp for kafka-go, which counts in nanoseconds: what lies before the year 1678 or after 2262 is
// taken to that year, where it would come out as some other time.
func writtenTime(ms int64) time.Time {
	const most = math.MaxInt64 / int64(time.Millisecond)
	return time.UnixMilli(max(min(ms, most), -most))
}
