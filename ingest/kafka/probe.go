package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// A probe begins probeEvery after the last one and waits for an answer for answerTimeout, so that an outage is reported within
// six seconds, also where brokers accept connections and never answer: requests of other kinds wait longer.
const probeEvery, answerTimeout = 2 * time.Second, 4 * time.Second

// probe reports again and again whether Kafka is reachable, until ctx ends. Reading alone would not tell: a process without
// partitions, or whose buffers are full, fetches nothing.
func (c *Consumer) probe(ctx context.Context) {
	for {
		err := c.coordinator(ctx)
		if err == nil {
			err = c.unanswered(time.Now())
		}
		if ctx.Err() != nil {
			return
		}
		c.obs.Reached(err)
		if !sleep(ctx, probeEvery) {
			return
		}
	}
}

// coordinator asks the group's coordinator a question that it answers in any state of the group. A connection that a broker has
// closed since the last question is only noticed by the next one, so there are two tries.
func (c *Consumer) coordinator(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	err := c.askCoordinator(ctx)
	if err != nil && ctx.Err() == nil {
		err = c.askCoordinator(ctx)
	}
	return err
}

func (c *Consumer) askCoordinator(ctx context.Context) error {
	res, err := c.client.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{GroupID: c.cfg.Group, Topics: map[string][]int{c.cfg.Topic: {0}}})
	var network net.Error
	switch {
	case ctx.Err() != nil || errors.As(err, &network) && network.Timeout(): // of the answer, or of a new connection
		return fmt.Errorf("the coordinator of group %q has not answered for %v", c.cfg.Group, answerTimeout)
	case err != nil:
		return fmt.Errorf("the coordinator of group %q: %w", c.cfg.Group, err)
	case errors.Is(res.Error, kafkago.GroupIdNotFound): // no process has joined yet, or all have left
		return nil
	case res.Error != nil:
		return fmt.Errorf("the coordinator of group %q: %w", c.cfg.Group, res.Error)
	}
	for _, p := range res.Topics[c.cfg.Topic] {
		if p.Error != nil {
			return fmt.Errorf("the coordinator of group %q: %w", c.cfg.Group, p.Error)
		}
	}
	return nil
}

// unanswered returns an error if the leaders of assigned partitions do not answer. A broker may wait for records for FetchWait.
func (c *Consumer) unanswered(now time.Time) error {
	c.mu.Lock()
	sources := c.sources
	c.mu.Unlock()
	var silent []int
	for _, s := range sources {
		if s.unansweredFor(now) > c.cfg.FetchWait+answerTimeout {
			silent = append(silent, s.partition)
		}
	}
	if len(silent) == 0 {
		return nil
	}
	slices.Sort(silent)
	return fmt.Errorf("no answer to fetches of partitions %v for %v", silent, c.cfg.FetchWait+answerTimeout)
}
