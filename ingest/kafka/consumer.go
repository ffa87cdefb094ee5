package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// Consumer reads the partitions that the consumer group assigns to this process.
type Consumer struct {
	cfg        Config
	log        *slog.Logger
	obs        Observer
	newHandler func(partition int) Handler
	slots      slots
	client     *client

	committing trouble // of one generation after another

	mu sync.Mutex
	// assigned are the partitions that this process handles now, offsets what is to be committed of them.
	assigned []int
	offsets  map[int]commit
	sources  map[int]*source // of assigned
}

// New checks the configuration, reads the files that it names, and starts nothing. newHandler makes a Handler for each
// assignment of a partition; it is called from several goroutines. obs may be nil.
func New(cfg Config, newHandler func(partition int) Handler, obs Observer, log *slog.Logger) (*Consumer, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	c, err := newClient(cfg)
	if err != nil {
		return nil, fmt.Errorf("kafka: %w", err)
	}
	if obs == nil {
		obs = Unobserved{}
	}
	// Twice as many slots as cores, so that the cores stay busy while half of the slots wait.
	slots := newSlots(2 * runtime.GOMAXPROCS(0))
	return &Consumer{cfg: cfg, log: log.With("component", "kafka"), obs: obs, newHandler: newHandler, slots: slots, client: c}, nil
}

// Run joins the group and handles what it assigns until ctx ends; then it closes every Handler, leaves the group and returns
// nil. It returns an error at once when the topic is missing, and a PartitionsChangedError when the topic's number of
// partitions has changed; everything else is retried without limit.
func (c *Consumer) Run(ctx context.Context) error {
	defer c.client.close()
	ctx, fail := context.WithCancelCause(ctx)
	var probing sync.WaitGroup
	defer func() {
		fail(nil) // which ends the probe
		probing.Wait()
	}()
	probing.Go(func() { c.probe(ctx) })

	partitions, err := c.partitions(ctx)
	if err != nil || ctx.Err() != nil {
		return err
	}
	group, err := kafkago.NewConsumerGroup(kafkago.ConsumerGroupConfig{
		ID:                c.cfg.Group,
		Brokers:           c.cfg.Brokers,
		Dialer:            c.client.dialer,
		Topics:            []string{c.cfg.Topic},
		GroupBalancers:    []kafkago.GroupBalancer{kafkago.RangeGroupBalancer{}},
		HeartbeatInterval: c.cfg.SessionTimeout / 3,
		SessionTimeout:    c.cfg.SessionTimeout,
		// A member learns of a rebalance at its next heartbeat, then drains, then joins.
		RebalanceTimeout: c.cfg.SessionTimeout + c.cfg.DrainTimeout,
		JoinGroupBackoff: c.cfg.BackoffMin,
		Timeout:          requestTimeout,
	})
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	var serving, leaving sync.WaitGroup
	defer leaving.Wait()
	member := "" // of the last generation
	var joining trouble
	pace := backoff{min: c.cfg.BackoffMin, max: c.cfg.BackoffMax}
	for {
		generation, err := group.Next(ctx)
		if ctx.Err() != nil {
			c.leave(group, &serving)
			if changed := (*PartitionsChangedError)(nil); errors.As(context.Cause(ctx), &changed) {
				return changed
			}
			return nil
		}
		if err != nil {
			c.obs.Failed(GroupFailure)
			joining.failed(c.log, slog.LevelWarn, "cannot join the group, will retry", err, "group", c.cfg.Group)
			if forgotten := member; forgotten != "" && !errors.Is(err, kafkago.RebalanceInProgress) {
				member = ""
				leaving.Go(func() { c.leaveFor(ctx, forgotten) })
			}
			pace.wait(ctx)
			continue
		}
		pace.reset()
		joining.over(c.log, "joined the group again", "group", c.cfg.Group)
		member = generation.MemberID
		serving.Add(1)
		generation.Start(func(owned context.Context) {
			defer serving.Done()
			if err := c.generation(owned, generation, partitions); err != nil {
				fail(err)
			}
		})
	}
}

// leaveTimeout bounds how long leaving the group may take once every Handler is closed.
const leaveTimeout = 3 * time.Second

// leave ends the generation, waits for its Handlers to be closed, and leaves the group. If it cannot leave in time, say
// because this process was still joining, the group reassigns the partitions when the session times out.
func (c *Consumer) leave(group *kafkago.ConsumerGroup, serving *sync.WaitGroup) {
	left := make(chan struct{})
	go func() {
		_ = group.Close() // is always nil
		close(left)
	}()
	serving.Wait()
	select {
	case <-left:
	case <-time.After(leaveTimeout):
		c.log.Warn("could not leave the group in time", "group", c.cfg.Group, "session_timeout", c.cfg.SessionTimeout)
	}
}

// partitions waits until the topic's partitions are known. It returns an error if the topic is missing or their number has
// changed.
func (c *Consumer) partitions(ctx context.Context) (int, error) {
	pace := backoff{min: c.cfg.BackoffMin, max: c.cfg.BackoffMax}
	var reaching trouble
	for {
		l, err := c.client.layout(ctx, c.cfg.Topic)
		switch {
		case ctx.Err() != nil:
			return 0, nil
		case errors.Is(err, kafkago.UnknownTopicOrPartition):
			return 0, fmt.Errorf("kafka: topic %q does not exist", c.cfg.Topic)
		case err == nil && c.cfg.Partitions != 0 && l.partitions != c.cfg.Partitions:
			return 0, &PartitionsChangedError{Topic: c.cfg.Topic, Was: c.cfg.Partitions, Now: l.partitions}
		case err == nil:
			reaching.over(c.log, "kafka is reachable")
			return l.partitions, nil
		}
		c.obs.Failed(MetadataFailure)
		reaching.failed(c.log, slog.LevelWarn, "kafka is not reachable, will retry", err)
		if !pace.wait(ctx) {
			return 0, nil
		}
	}
}

// generation serves what one generation of the group assigns, until owned ends and every Handler is closed.
func (c *Consumer) generation(owned context.Context, g *kafkago.Generation, partitions int) error {
	var assigned []int
	for _, a := range g.Assignments[c.cfg.Topic] {
		assigned = append(assigned, a.ID)
	}
	c.log.Info("partitions assigned", "group", g.GroupID, "generation", g.ID, "partitions", assigned)
	owned, revoke := context.WithCancel(owned)
	defer revoke()
	drain, drained := drainContext(owned, c.cfg.DrainTimeout)
	defer drained()
	fetching, stopFetching := context.WithCancel(owned)
	defer stopFetching()
	f := newFetcher(c.client, c.cfg, c.log, c.obs, partitions, assigned)
	c.mu.Lock()
	c.assigned, c.offsets, c.sources = assigned, make(map[int]commit, len(assigned)), f.sources
	c.mu.Unlock()
	c.obs.Joined(assigned)
	defer c.obs.Left()

	var loops, fetches sync.WaitGroup
	var failed error
	fetches.Go(func() {
		if failed = f.run(fetching); failed != nil {
			revoke()
		}
	})
	for _, s := range f.sources {
		p := &partition{
			source: s, client: c.client, cfg: c.cfg, log: c.log, obs: c.obs, newHandler: c.newHandler, slots: c.slots, unread: -1,
		}
		loops.Go(func() { p.run(owned, drain) })
	}
	c.commitUntil(owned, g)
	loops.Wait()
	c.commit(context.WithoutCancel(owned), g)
	c.mu.Lock()
	c.assigned, c.sources = nil, nil
	c.mu.Unlock()
	stopFetching()
	fetches.Wait()
	c.log.Info("partitions revoked", "group", g.GroupID, "generation", g.ID, "partitions", assigned)
	return failed
}

// drainContext ends a while after owned has.
func drainContext(owned context.Context, a time.Duration) (context.Context, context.CancelFunc) {
	drain, cancel := context.WithCancel(context.WithoutCancel(owned))
	stop := context.AfterFunc(owned, func() {
		if sleep(drain, a) {
			cancel()
		}
	})
	return drain, func() {
		stop()
		cancel()
	}
}
