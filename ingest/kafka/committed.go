package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
)

// commit is what is committed of a partition: the next offset, and a text that comes back with it.
type commit struct {
	next     int64
	metadata string
}

// Commit notes the next offset of a partition for operators' tools, such as kafka-consumer-groups, and for Handlers that have no other
// progress (Committed), with a text by which these know it again. It is committed to the group within Config.CommitInterval, and again until it
// succeeds or the generation ends. Commits of partitions that are not assigned to this process are ignored.
func (c *Consumer) Commit(partition int, next int64, metadata string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if slices.Contains(c.assigned, partition) {
		c.offsets[partition] = commit{next, metadata}
	}
}

func (c *Consumer) commitUntil(owned context.Context, g *kafkago.Generation) {
	for sleep(owned, c.cfg.CommitInterval) {
		c.commit(owned, g)
	}
}

func (c *Consumer) commit(ctx context.Context, g *kafkago.Generation) {
	c.mu.Lock()
	offsets := maps.Clone(c.offsets)
	clear(c.offsets)
	c.mu.Unlock()
	if len(offsets) == 0 {
		return
	}
	if err := c.client.commit(ctx, g, c.cfg.Topic, offsets); err != nil {
		if ctx.Err() == nil {
			c.obs.Failed(CommitFailure)
			c.committing.failed(c.log, slog.LevelWarn, "offsets not committed to the group", err, "group", g.GroupID)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		maps.Copy(offsets, c.offsets) // what was noted meanwhile is newer
		c.offsets = offsets
		return
	}
	c.committing.over(c.log, "offsets are committed to the group again", "group", g.GroupID)
}

// commit does what kafka-go's Generation.CommitOffsets does, which sends no metadata.
func (c *client) commit(ctx context.Context, g *kafkago.Generation, topic string, offsets map[int]commit) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	of := offsetcommit.RequestTopic{Name: topic}
	for partition, at := range offsets {
		of.Partitions = append(of.Partitions, offsetcommit.RequestPartition{
			PartitionIndex: int32(partition), CommittedOffset: at.next, CommittedLeaderEpoch: -1, CommittedMetadata: at.metadata,
		})
	}
	m, err := c.transport.RoundTrip(ctx, c.Addr, &offsetcommit.Request{
		GroupID: g.GroupID, GenerationID: g.ID, MemberID: g.MemberID, RetentionTimeMs: -1, Topics: []offsetcommit.RequestTopic{of},
	})
	if err != nil {
		return err
	}
	var errs []error
	for _, t := range m.(*offsetcommit.Response).Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				errs = append(errs, fmt.Errorf("partition %d: %w", p.PartitionIndex, kafkago.Error(p.ErrorCode)))
			}
		}
	}
	return errors.Join(errs...)
}

// Committed is the offset that the group has committed of a partition with the metadata of the commit, Earliest if none. It is for a Handler whose
// progress is the group's alone; dwell's own is in ClickHouse.
func (c *Consumer) Committed(ctx context.Context, partition int) (next int64, metadata string, err error) {
	answer, err := c.client.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{
		GroupID: c.cfg.Group, Topics: map[string][]int{c.cfg.Topic: {partition}},
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return 0, "", fmt.Errorf("read the offsets of group %q: %w", c.cfg.Group, err)
	}
	for _, p := range answer.Topics[c.cfg.Topic] {
		if p.Partition == partition {
			if p.Error != nil {
				return 0, "", fmt.Errorf("read the offsets of group %q: %w", c.cfg.Group, p.Error)
			}
			if p.CommittedOffset >= 0 {
				return p.CommittedOffset, p.Metadata, nil
			}
		}
	}
	return Earliest, "", nil
}
