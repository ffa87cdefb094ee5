package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// Committed is the offset that the group has committed of a partition, Earliest if none. It is for a Handler whose progress is the
// group's alone; dwell's own is in ClickHouse.
func (c *Consumer) Committed(ctx context.Context, partition int) (int64, error) {
	answer, err := c.client.OffsetFetch(ctx, &kafkago.OffsetFetchRequest{
		GroupID: c.cfg.Group, Topics: map[string][]int{c.cfg.Topic: {partition}},
	})
	if err == nil {
		err = answer.Error
	}
	if err != nil {
		return 0, fmt.Errorf("read the offsets of group %q: %w", c.cfg.Group, err)
	}
	for _, p := range answer.Topics[c.cfg.Topic] {
		if p.Partition == partition {
			if p.Error != nil {
				return 0, fmt.Errorf("read the offsets of group %q: %w", c.cfg.Group, p.Error)
			}
			if p.CommittedOffset >= 0 {
				return p.CommittedOffset, nil
			}
		}
	}
	return Earliest, nil
}
