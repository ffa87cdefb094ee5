package kafka

import (
	"context"
	"errors"

	kafkago "github.com/segmentio/kafka-go"
)

// leaveFor leaves the group in the place of a member of this process that is no more. While the broker that keeps the group
// is away, kafka-go forgets which member it was, and joins as another one as soon as it can; the group would let that one,
// and all others, wait until the session of the first has ended.
func (c *Consumer) leaveFor(ctx context.Context, member string) {
	pace := backoff{min: c.cfg.BackoffMin, max: c.cfg.BackoffMax}
	for {
		res, err := c.client.LeaveGroup(ctx, &kafkago.LeaveGroupRequest{
			GroupID: c.cfg.Group, Members: []kafkago.LeaveGroupRequestMember{{ID: member}},
		})
		if err == nil {
			err = res.Error
		}
		if err == nil {
			err = res.Members[0].Error
		}
		if err == nil || errors.Is(err, kafkago.UnknownMemberId) || !pace.wait(ctx) {
			return
		}
	}
}
