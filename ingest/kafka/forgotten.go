package kafka

import (
	"context"
	"errors"

	kafkago "github.com/segmentio/kafka-go"
)

// leaveFor leaves the group on behalf of an earlier member of this process. While the group coordinator is unavailable,
// kafka-go forgets its member id, and then joins as a new member; all members would wait until the session of the earlier
// one times out.
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
