package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"sync"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"

	"dwell/cmd/dwell/app"
)

// rebuildCommand is the way out when a topic has got more partitions, so that keys have moved between them.
type rebuildCommand struct {
	Config     string `type:"path" help:"Configuration file, with the old topic and the database that was counted from it."`
	Topic      string `required:"" help:"The new topic, which is made."`
	Partitions int    `required:"" help:"How many partitions it gets."`
}

func (c *rebuildCommand) Run(ctx context.Context, e *env) error {
	cfg, err := app.LoadConfig(c.Config, e.environ)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	s, err := app.Start(ctx, cfg, app.All, e.err, log)
	if err != nil {
		return err
	}
	return errors.Join(c.rebuild(ctx, e, s), s.Stop())
}

func (c *rebuildCommand) rebuild(ctx context.Context, e *env, s *app.System) error {
	k := s.Config.Kafka
	created, err := kafka.EnsureTopics(ctx, k.Config,
		kafka.NewTopic{Name: c.Topic, Partitions: c.Partitions, Replication: k.NewReplication, Retention: -1})
	if err != nil {
		return fmt.Errorf("--topic: %w", err)
	}
	if len(created) == 0 {
		return fmt.Errorf("--topic: %q exists already; give the name of a new one", c.Topic)
	}
	to := k.Config
	to.Topic = c.Topic
	producer, err := kafka.NewProducer(to)
	if err != nil {
		return err
	}
	defer producer.Close()
	copied := &rebuilt{
		feed: feed{producer: producer}, decoder: event.NewDecoder(s.Vocabulary, time.Duration(math.MaxInt64)), seen: map[string]bool{},
	}
	err = s.Store.Records(ctx, func(record event.Record) error { return copied.add(ctx, record) })
	if err != nil {
		return err
	}
	counted := copied.added
	if err := copied.rest(ctx, s); err != nil {
		return err
	}
	if err := copied.Flush(ctx); err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.out, "topic %q has the %d events that were counted from %q and the %d that were not: "+
		"set kafka.topic to it and clickhouse.database to a new name, and send to it from now on\n",
		c.Topic, counted, k.Topic, copied.added-counted)
	return nil
}

// rebuilt is what goes into the new topic.
type rebuilt struct {
	mu sync.Mutex
	feed
	decoder *event.Decoder
	seen    map[string]bool // facts about places, of which every old partition has a copy
	added   int
}

// add adds a record of the old topic, unless it is the copy of a fact about a place. What cannot be read goes along: it
// becomes a dead letter once more.
func (r *rebuilt) add(ctx context.Context, record event.Record) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.decoder.Reset()
	var e event.Event
	ofPlace := r.decoder.Decode(&record, &e) == nil && e.OfPlace()
	if ofPlace {
		name := string(e.Source) + "\x00" + string(e.ID)
		if r.seen[name] {
			return nil
		}
		r.seen[name] = true
	}
	record.SetEverywhere(ofPlace)
	r.added++
	return r.feed.add(ctx, record)
}

// rest adds what is in the old topic now and was not counted.
func (r *rebuilt) rest(ctx context.Context, s *app.System) error {
	from := s.Config.Kafka.Config
	from.Group += "-rebuild"
	ends, err := kafka.Ends(ctx, from)
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	var mu sync.Mutex
	consumer, err := kafka.New(from, func(partition int) kafka.Handler {
		return &uncounted{to: r, store: s.Store, next: func(offset int64) {
			mu.Lock()
			defer mu.Unlock()
			if offset >= ends[partition] {
				ends[partition] = 0
			}
			if !slices.ContainsFunc(ends, func(end int64) bool { return end > 0 }) {
				stop()
			}
		}}
	}, nil, s.Log)
	if err != nil {
		return err
	}
	return consumer.Run(ctx)
}

// uncounted is a kafka.Handler that adds what was not counted of a partition.
type uncounted struct {
	to    *rebuilt
	store *clickhouse.Store
	next  func(offset int64)
}

func (u *uncounted) Open(ctx context.Context, partition int) (int64, error) {
	p, err := u.store.Progress(ctx, partition)
	if err == nil && p.Offset == 0 {
		p.Offset = kafka.Earliest
	}
	return p.Offset, err
}

func (u *uncounted) Handle(ctx context.Context, batch kafka.Batch) error {
	for i := range batch.Records {
		if err := u.to.add(ctx, batch.Records[i].Clone()); err != nil {
			return err
		}
	}
	u.next(batch.Next)
	return nil
}

func (u *uncounted) Write(context.Context) error { return nil }

func (u *uncounted) Close(context.Context) error { return nil }
