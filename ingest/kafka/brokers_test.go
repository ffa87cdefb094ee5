package kafka

import (
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/kafka/apachetest"
)

// The tests of this package are one contract for two makes of broker: the embedded one, and Apache Kafka, over which
// make test-kafka runs them.

// start starts a broker with the topics and returns its address.
func start(t testing.TB, partitions int) (addr string) {
	t.Helper()
	if apachetest.Wanted() {
		return apachetest.Start(t, apachetest.Config{Topics: topics(partitions)}).Addrs()[0]
	}
	return brokertest.Start(t, brokertest.Topic(topic, partitions), brokertest.Topic(letters, 2))
}

func topics(partitions int) []apachetest.Topic {
	return []apachetest.Topic{{Name: topic, Partitions: partitions}, {Name: letters, Partitions: 2}}
}

// cluster is some brokers that are stopped and started, and whose partitions change leaders.
type cluster struct {
	apache *apachetest.Cluster
	kfake  *kfake.Cluster
	addrs  []string
}

func startCluster(t *testing.T, brokers, partitions int) (*cluster, Config) {
	t.Helper()
	c := &cluster{}
	if apachetest.Wanted() {
		c.apache = apachetest.Start(t, apachetest.Config{Brokers: brokers, Topics: topics(partitions)})
		c.addrs = c.apache.Addrs()
	} else {
		c.kfake, _ = embedded(t, brokers, partitions)
		c.addrs = c.kfake.ListenAddrs()
	}
	cfg := shortTimeouts(config(c.addrs[0]))
	cfg.Brokers = c.addrs
	return c, cfg
}

// shortTimeouts is for brokers that are stopped: a member sends three heartbeats in a session timeout, and learns by them that the
// group coordinator is gone.
func shortTimeouts(cfg Config) Config {
	cfg.SessionTimeout, cfg.DrainTimeout = 3*time.Second, 2*time.Second
	return cfg
}

// embedded is one or more embedded brokers, which a test can disturb from within.
func embedded(t *testing.T, brokers, partitions int, opts ...kfake.Opt) (*kfake.Cluster, Config) {
	t.Helper()
	opts = append([]kfake.Opt{
		kfake.NumBrokers(brokers), kfake.SeedTopics(int32(partitions), topic, letters),
		kfake.GroupMinSessionTimeout(time.Second),
	}, opts...)
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c, config(c.ListenAddrs()[0])
}

// embeddedOnly skips a test that controls the embedded broker.
func embeddedOnly(t *testing.T) {
	t.Helper()
	if apachetest.Wanted() {
		t.Skip("it disturbs the embedded broker from within")
	}
}

// leave ends a broker, numbered from 0, in one of the ways in which brokers end.
func (c *cluster) leave(t *testing.T, broker int) {
	t.Helper()
	switch {
	case c.kfake != nil:
		if err := c.kfake.RemoveNode(int32(broker)); err != nil {
			t.Fatal(err)
		}
	case broker == 0:
		c.apache.Stop(broker + 1)
	default:
		c.apache.Kill(broker + 1)
	}
}

// comeBack starts it again. An embedded one does so by another name: the connections to one that has left stay open.
func (c *cluster) comeBack(t *testing.T, broker int) {
	t.Helper()
	if c.kfake == nil {
		c.apache.Restart(broker + 1)
		return
	}
	_, port, _ := strings.Cut(c.addrs[broker], ":")
	n, err := strconv.Atoi(port)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.kfake.AddNode(-1, n); err != nil {
		t.Fatal(err)
	}
}

// moveLeaders gives every partition another leader. Over Apache Kafka each broker in turn loses the partitions that it
// leads, and what it had of them, and gets a copy again.
func (c *cluster) moveLeaders(t *testing.T, cfg Config) {
	t.Helper()
	if c.kfake != nil {
		c.kfake.ShufflePartitionLeaders()
		return
	}
	was := assignment(t, cfg)
	without := map[int32][]int32{}
	for p, a := range was {
		without[p] = slices.DeleteFunc(slices.Clone(a.replicas), func(id int32) bool { return id == a.leader })
	}
	reassign(t, cfg, without)
	again := map[int32][]int32{}
	for p, a := range was {
		again[p] = append(without[p], a.leader)
	}
	reassign(t, cfg, again)
}

// assigned is where a partition is.
type assigned struct {
	leader           int32
	replicas, insync []int32
}

func assignment(t *testing.T, cfg Config) map[int32]assigned {
	t.Helper()
	r := kmsg.NewPtrMetadataRequest()
	of := kmsg.NewMetadataRequestTopic()
	of.Topic = kmsg.StringPtr(topic)
	r.Topics = append(r.Topics, of)
	answer, err := r.RequestWith(t.Context(), franz(t, cfg))
	if err != nil {
		t.Fatal(err)
	}
	all := map[int32]assigned{}
	for _, p := range answer.Topics[0].Partitions {
		all[p.Partition] = assigned{p.Leader, p.Replicas, p.ISR}
	}
	return all
}

// reassign puts each partition on the brokers given, and waits until it is on them and on no other.
func reassign(t *testing.T, cfg Config, to map[int32][]int32) {
	t.Helper()
	r := kmsg.NewPtrAlterPartitionAssignmentsRequest()
	of := kmsg.NewAlterPartitionAssignmentsRequestTopic()
	of.Topic = topic
	for p, replicas := range to {
		one := kmsg.NewAlterPartitionAssignmentsRequestTopicPartition()
		one.Partition, one.Replicas = p, replicas
		of.Partitions = append(of.Partitions, one)
	}
	r.Topics = append(r.Topics, of)
	answer, err := r.RequestWith(t.Context(), franz(t, cfg))
	if err != nil || answer.ErrorCode != 0 {
		t.Fatalf("reassign: %v, %+v", err, answer)
	}
	until(t, "the partitions are where they are to be", func() bool {
		for p, is := range assignment(t, cfg) {
			slices.Sort(is.insync)
			if !slices.Equal(is.replicas, to[p]) || !slices.Equal(is.insync, slices.Sorted(slices.Values(to[p]))) || is.leader < 0 {
				return false
			}
		}
		return true
	})
}

// until polls a condition that has no notification. How long it takes depends on the brokers.
func until(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.Now().Add(waitTimeout)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		if <-tick.C; time.Now().After(deadline) {
			t.Fatalf("timed out waiting until %s", what)
		}
	}
}
