package broker_test

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/deploy/embedded/broker/brokertest"
)

func TestMemberKilledWhileJoiningLosesItsPartitions(t *testing.T) {
	addr := brokertest.Start(t, brokertest.Topic(topic, 2))
	assigned := make(chan int, 100)
	a, err := kgo.NewClient(
		kgo.SeedBrokers(addr), kgo.ConsumerGroup("dwell"), kgo.ConsumeTopics(topic), kgo.Balancers(kgo.RangeBalancer()),
		kgo.SessionTimeout(2*time.Second), kgo.HeartbeatInterval(100*time.Millisecond),
		kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, of map[string][]int32) { assigned <- len(of[topic]) }),
	)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	until := func(what string, ok func(partitions int) bool) {
		t.Helper()
		deadline := time.After(30 * time.Second)
		for {
			select {
			case n := <-assigned:
				if ok(n) {
					return
				}
			case <-deadline:
				t.Fatalf("the member that lives does not have %s", what)
			}
		}
	}
	both := func(partitions int) bool { return partitions == 2 }
	until("both partitions", both)
	// Whether the response to a member that has ended counts as delivered varies, so there are several.
	for range 8 {
		joinAndEnd(t, addr)
	}
	until("less than before", func(partitions int) bool { return partitions < 2 })
	until("both partitions again", both)
}

// joinAndEnd asks to join the group, which waits for the members that it has, and does not wait.
func joinAndEnd(t *testing.T, addr string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	req := kmsg.NewPtrJoinGroupRequest()
	req.Version = 2 // the last one that joins at once
	req.Group, req.ProtocolType = "dwell", "consumer"
	req.SessionTimeoutMillis, req.RebalanceTimeoutMillis = 1000, 10_000
	meta := kmsg.NewConsumerMemberMetadata()
	meta.Topics = []string{topic}
	p := kmsg.NewJoinGroupRequestProtocol()
	p.Name, p.Metadata = "range", meta.AppendTo(nil)
	req.Protocols = append(req.Protocols, p)
	if _, err := c.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, 1)); err != nil {
		t.Fatal(err)
	}
}
