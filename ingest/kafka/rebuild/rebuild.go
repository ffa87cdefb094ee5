// Package rebuild copies all events of a topic into another one, with other partitions. It is the way out when a topic has
// got more partitions, so that keys have moved between them.
//
// It promises each record of the old topic once: those that were counted, from where they are stored, since the topic may
// have deleted them, and then those that were not. A fact about a place, of which every old partition has a copy, is copied
// once, for every new partition. Each event gets its subject as its key, whatever the old one was,
// so that its visit is in one partition. A record and its forwarded copy are one where either was counted; where neither was, both are
// copied, and the second changes nothing. A record that cannot be decoded is copied too: it becomes a dead letter again. A batch that
// cannot be read is left out, and the log says where it was. Each record keeps its time, so the new topic has CreateTime. It refuses
// to write into a topic that exists.
package rebuild

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
)

// Stored is what was counted of the old topic.
type Stored interface {
	// Records calls do for each record that was counted. Do may keep it.
	Records(ctx context.Context, do func(event.Record) error) error
	// Next is the offset of the first record of a partition that was not counted.
	Next(ctx context.Context, partition int) (int64, error)
}

// Topic is the new one.
type Topic struct {
	Name                    string
	Partitions, Replication int
}

// Run makes the new topic and copies all events of the old one, from.Topic, into it. It returns how many were counted, and
// how many were not.
func Run(ctx context.Context, from kafka.Config, to Topic, voc *event.Vocabulary, stored Stored, log *slog.Logger) (counted, uncounted int, err error) {
	created, err := kafka.EnsureTopics(ctx, from, kafka.NewTopic{
		Name: to.Name, Partitions: to.Partitions, Replication: to.Replication, Retention: -1, ProducerTimes: true,
	})
	if err != nil {
		return 0, 0, err
	}
	if len(created) == 0 {
		return 0, 0, fmt.Errorf("topic %q exists already; give the name of a new one", to.Name)
	}
	target := from
	target.Topic = to.Name
	producer, err := kafka.NewProducer(target)
	if err != nil {
		return 0, 0, err
	}
	defer producer.Close()
	c := newCopier(producer, voc)
	if err := stored.Records(ctx, func(r event.Record) error { return c.add(ctx, r) }); err != nil {
		return 0, 0, err
	}
	counted = c.added
	if err := c.rest(ctx, from, stored, log); err != nil {
		return 0, 0, err
	}
	return counted, c.added - counted, c.to.Flush(ctx)
}

// copier adds records to the new topic.
type copier struct {
	mu      sync.Mutex
	to      *kafka.Buffered
	decoder *event.Decoder
	seen    map[string]bool // facts about places
	next    map[int]int64   // the offset after the last uncounted record that was added, by partition
	added   int
}

func newCopier(to *kafka.Producer, voc *event.Vocabulary) *copier {
	return &copier{
		to: kafka.NewBuffered(to), decoder: event.NewDecoder(voc, time.Duration(math.MaxInt64)),
		seen: map[string]bool{}, next: map[int]int64{},
	}
}

func (c *copier) add(ctx context.Context, r event.Record) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.decoder.Reset()
	r.RemoveForwarded() // that says where it was in the old topic
	var e event.Event
	usable := c.decoder.Decode(&r, &e) == nil
	if usable {
		r.Key = bytes.Clone(e.Subject)
	}
	ofPlace := usable && e.OfPlace()
	if ofPlace {
		name := fmt.Sprintf("%s\x00%s\xff%d", e.Source, e.ID, e.Edition)
		if c.seen[name] {
			return nil
		}
		c.seen[name] = true
	}
	r.SetAllPartitions(ofPlace)
	c.added++
	return c.to.Add(ctx, r)
}

// addUncounted adds a record of a partition. After an error it must not be added again: the buffer keeps it.
func (c *copier) addUncounted(ctx context.Context, partition int, r event.Record) error {
	c.mu.Lock()
	c.next[partition] = r.Offset + 1
	c.mu.Unlock()
	return c.add(ctx, r)
}

// reached is the offset after the last uncounted record of a partition that was added, 0 if none was.
func (c *copier) reached(partition int) int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.next[partition]
}

// rest adds what is in the old topic now and was not counted. It reads in a group of its own.
func (c *copier) rest(ctx context.Context, from kafka.Config, stored Stored, log *slog.Logger) error {
	from.Group += "-rebuild"
	ends, err := kafka.Ends(ctx, from)
	if err != nil {
		return err
	}
	copying, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	consumer, err := kafka.New(from, func(partition int) kafka.Handler {
		return &uncounted{partition: partition, to: c, stored: stored, next: func(offset int64) {
			mu.Lock()
			defer mu.Unlock()
			if offset >= ends[partition] {
				ends[partition] = 0
			}
			if !slices.ContainsFunc(ends, func(end int64) bool { return end > 0 }) {
				stop()
			}
		}}
	}, nil, log)
	if err != nil {
		return err
	}
	if err := consumer.Run(copying); err != nil {
		return err
	}
	return ctx.Err() // a consumer that is interrupted returns no error
}

// uncounted is a kafka.Handler that adds what was not counted of a partition.
type uncounted struct {
	partition int
	to        *copier
	stored    Stored
	next      func(offset int64)
}

// Open goes on where an earlier handler of the partition ended: the consumer opens another one after an error and after a
// rebalance.
func (u *uncounted) Open(ctx context.Context, partition int) (int64, error) {
	if next := u.to.reached(partition); next > 0 {
		return next, nil
	}
	next, err := u.stored.Next(ctx, partition)
	if err == nil && next == 0 {
		next = kafka.Earliest
	}
	return next, err
}

func (u *uncounted) Handle(ctx context.Context, batch kafka.Batch) error {
	for i := range batch.Records {
		if batch.Records[i].Unreadable != "" {
			continue
		}
		if err := u.to.addUncounted(ctx, u.partition, batch.Records[i].Clone()); err != nil {
			return err
		}
	}
	u.next(batch.Next)
	return nil
}

func (u *uncounted) Write(context.Context) error { return nil }

// ShortLog leaves the decision to the process that counts.
func (u *uncounted) ShortLog(context.Context, int64, int64) error { return nil }

func (u *uncounted) Close(context.Context) error { return nil }
