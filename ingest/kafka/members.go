package kafka

import (
	"context"
	"fmt"

	kafkago "github.com/segmentio/kafka-go"
)

// Members is how many processes are in the consumer group, those included that were killed less than SessionTimeout ago.
func Members(ctx context.Context, cfg Config) (int, error) {
	c, err := newClient(cfg)
	if err != nil {
		return 0, err
	}
	defer c.close()
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.DescribeGroups(ctx, &kafkago.DescribeGroupsRequest{GroupIDs: []string{cfg.Group}})
	if err != nil {
		return 0, fmt.Errorf("describe group %q: %w", cfg.Group, err)
	}
	members := 0
	for _, g := range res.Groups {
		if g.Error != nil {
			return 0, fmt.Errorf("describe group %q: %w", cfg.Group, g.Error)
		}
		members += len(g.Members)
	}
	return members, nil
}
