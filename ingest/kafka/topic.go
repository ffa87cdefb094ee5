package kafka

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// PartitionsChangedError says that the number of partitions of a topic has changed since it was first counted. Keys have
// moved between partitions, so continuing would count visits twice; rebuild into a new topic instead.
type PartitionsChangedError struct {
	Topic    string
	Was, Now int
	// Gone says that the topic has no record any more of those that were counted, as one that was made anew: there is nothing to rebuild.
	Gone bool
}

func (e *PartitionsChangedError) Error() string {
	if e.Gone {
		return fmt.Sprintf("topic %q has %d partitions and none of the records that were counted with %d partitions: its log is gone, and it was made anew. "+
			"Put the log back, or delete the topic with what it has by now (the folder kafka in the data folder, if the broker is embedded), "+
			"set kafka.new_partitions to %d as before, and start again", e.Topic, e.Now, e.Was, e.Was)
	}
	return fmt.Sprintf("topic %q has %d partitions, but was counted with %d: keys have moved; dwell rebuild copies all events into a new topic",
		e.Topic, e.Now, e.Was)
}

// NewTopic is a topic that EnsureTopics creates where it is missing.
type NewTopic struct {
	Name string
	// Partitions is the number of partitions; Replication the replication factor, -1 is the cluster's default.
	Partitions, Replication int
	// Retention is how long records are kept after their own timestamps; negative is without limit, 0 is the cluster's
	// default. An import writes records that are years old: with a week's retention they are deleted at once.
	Retention time.Duration
	// ProducerTimes leaves records the times that their producers give them (CreateTime), as of a simulation that runs ahead of the
	// clock, or of copies. Other topics have LogAppendTime: the broker gives a record the time at which it appends it, so that no
	// producer's clock need be right.
	ProducerTimes bool
}

// timestampType is the key of a topic that says whose times its records have: one of these.
const (
	timestampType = "message.timestamp.type"
	createTime    = "CreateTime"
	logAppendTime = "LogAppendTime"
)

// EnsureTopics creates the topics that are missing and returns the names of those that it created, in the order given. A
// topic that exists is left as it is.
func EnsureTopics(ctx context.Context, cfg Config, topics ...NewTopic) (created []string, err error) {
	c, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	defer c.close()
	var missing []kafkago.TopicConfig
	for _, t := range topics {
		if t.Partitions < 1 {
			return nil, fmt.Errorf("topic %q: partitions: %d is not positive", t.Name, t.Partitions)
		}
		_, err := c.layout(ctx, t.Name)
		switch {
		case err == nil:
		case errors.Is(err, kafkago.UnknownTopicOrPartition):
			missing = append(missing, t.config())
		default:
			return nil, err
		}
	}
	if len(missing) == 0 {
		return nil, nil
	}
	res, err := c.CreateTopics(ctx, &kafkago.CreateTopicsRequest{Topics: missing})
	if err != nil {
		return nil, fmt.Errorf("create topics: %w", err)
	}
	for _, t := range missing {
		err := res.Errors[t.Topic]
		switch {
		case err == nil:
			created = append(created, t.Topic)
		case errors.Is(err, kafkago.TopicAlreadyExists): // another process was quicker
		default:
			return created, fmt.Errorf("create topic %q with %d partitions and replication %d: %w",
				t.Topic, t.NumPartitions, t.ReplicationFactor, err)
		}
	}
	return created, nil
}

func (t NewTopic) config() kafkago.TopicConfig {
	c := kafkago.TopicConfig{Topic: t.Name, NumPartitions: t.Partitions, ReplicationFactor: t.Replication}
	for key, value := range t.Configs() {
		c.ConfigEntries = append(c.ConfigEntries, kafkago.ConfigEntry{ConfigName: key, ConfigValue: value})
	}
	return c
}

// Configs is the topic's configuration, by Kafka's keys.
func (t NewTopic) Configs() map[string]string {
	c := map[string]string{timestampType: logAppendTime}
	if t.ProducerTimes {
		c[timestampType] = createTime
	}
	switch {
	case t.Retention < 0:
		c["retention.ms"] = "-1"
	case t.Retention > 0:
		c["retention.ms"] = strconv.FormatInt(t.Retention.Milliseconds(), 10)
	}
	return c
}

// topicConfig returns the values of keys of a topic's configuration, as far as the cluster reports them.
func (c *client) topicConfig(ctx context.Context, topic string, keys ...string) (map[string]string, error) {
	res, err := c.DescribeConfigs(ctx, &kafkago.DescribeConfigsRequest{Resources: []kafkago.DescribeConfigRequestResource{
		{ResourceType: kafkago.ResourceTypeTopic, ResourceName: topic, ConfigNames: keys},
	}})
	if err != nil {
		return nil, fmt.Errorf("topic %q: its configuration: %w", topic, err)
	}
	values := map[string]string{}
	for _, r := range res.Resources {
		for _, e := range r.ConfigEntries {
			values[e.ConfigName] = e.ConfigValue
		}
	}
	return values, nil
}

// ProducerTimes reports whether records of the topic of events have the times of their producers (CreateTime), as far as the cluster
// reports it.
func ProducerTimes(ctx context.Context, cfg Config) (bool, error) {
	c, err := newClient(cfg)
	if err != nil {
		return false, err
	}
	defer c.close()
	values, err := c.topicConfig(ctx, cfg.Topic, timestampType)
	return values[timestampType] == createTime, err
}

// LogRetention is how long the topic of events keeps records. Limited is false if it keeps them without limit of time, or if the
// cluster does not report it.
func LogRetention(ctx context.Context, cfg Config) (kept time.Duration, limited bool, err error) {
	c, err := newClient(cfg)
	if err != nil {
		return 0, false, err
	}
	defer c.close()
	const key = "retention.ms"
	values, err := c.topicConfig(ctx, cfg.Topic, key)
	if err != nil {
		return 0, false, err
	}
	ms, err := strconv.ParseInt(values[key], 10, 64)
	if err != nil || ms < 0 || ms > int64(math.MaxInt64/time.Millisecond) {
		return 0, false, nil
	}
	return time.Duration(ms) * time.Millisecond, true, nil
}

// Partitions returns the number of partitions that the topic of events has.
func Partitions(ctx context.Context, cfg Config) (int, error) {
	c, err := newClient(cfg)
	if err != nil {
		return 0, err
	}
	defer c.close()
	l, err := c.layout(ctx, cfg.Topic)
	if err != nil {
		return 0, err
	}
	return l.partitions, nil
}

// layout is the leaders of a topic's partitions.
type layout struct {
	partitions int
	// leaders is by partition; a partition without a leader is missing.
	leaders map[int]int32
}

// layout requests metadata from a broker, past the transport's cache.
func (c *client) layout(ctx context.Context, topic string) (layout, error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	m, err := c.transport.RoundTrip(ctx, c.Addr, &metadataRequest{
		Request: metadata.Request{TopicNames: []string{topic}}, clientID: c.transport.ClientID,
	})
	if err != nil {
		return layout{}, fmt.Errorf("metadata of topic %q from %s: %w", topic, c.Addr, err)
	}
	res := m.(metadataAnswer)
	i := slices.IndexFunc(res.Topics, func(t metadata.ResponseTopic) bool { return t.Name == topic })
	if i < 0 {
		return layout{}, fmt.Errorf("topic %q: %w", topic, kafkago.UnknownTopicOrPartition)
	}
	if code := res.Topics[i].ErrorCode; code != 0 {
		return layout{}, fmt.Errorf("topic %q: %w", topic, kafkago.Error(code))
	}
	l := layout{leaders: map[int]int32{}}
	for _, p := range res.Topics[i].Partitions {
		l.partitions++
		if p.LeaderID >= 0 {
			l.leaders[int(p.PartitionIndex)] = p.LeaderID
		}
	}
	return l, nil
}

// bounds are the first and the end offset of a partition.
func (c *client) bounds(ctx context.Context, topic string, partition int) (first, end int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{
		topic: {kafkago.FirstOffsetOf(partition), kafkago.LastOffsetOf(partition)},
	}})
	if err != nil {
		return 0, 0, fmt.Errorf("offsets of topic %q partition %d: %w", topic, partition, err)
	}
	for _, p := range res.Topics[topic] {
		if p.Partition == partition {
			if p.Error != nil {
				return 0, 0, fmt.Errorf("offsets of topic %q partition %d: %w", topic, partition, p.Error)
			}
			return p.FirstOffset, p.LastOffset, nil
		}
	}
	return 0, 0, fmt.Errorf("offsets of topic %q partition %d: no offset in the response", topic, partition)
}

// metadataRequest is kafka-go's metadata request past the transport's cache, which is up to five seconds old.
type metadataRequest struct {
	metadata.Request
	clientID string
	version  int16
}

const maxMetadataVersion = 8

func (r *metadataRequest) Required(versions map[protocol.ApiKey]int16) bool {
	r.version = min(versions[protocol.Metadata], maxMetadataVersion)
	return true
}

func (r *metadataRequest) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	m, err := protocol.RoundTrip(rw, r.version, 1, r.clientID, &r.Request)
	if err != nil {
		return nil, err
	}
	return metadataAnswer{m.(*metadata.Response)}, nil
}

// metadataAnswer hides its type from the transport, which takes every metadata.Response for an answer to its own request.
type metadataAnswer struct{ *metadata.Response }

// Ends returns the offsets after the last record of each partition of the topic of events.
func Ends(ctx context.Context, cfg Config) ([]int64, error) {
	_, ends, err := Bounds(ctx, cfg)
	return ends, err
}

// Bounds returns the offsets of the first record that each partition of the topic of events has, and those after the last.
func Bounds(ctx context.Context, cfg Config) (firsts, ends []int64, err error) {
	c, err := newClient(cfg)
	if err != nil {
		return nil, nil, err
	}
	defer c.close()
	l, err := c.layout(ctx, cfg.Topic)
	if err != nil {
		return nil, nil, err
	}
	firsts, ends = make([]int64, l.partitions), make([]int64, l.partitions)
	for p := range ends {
		if firsts[p], ends[p], err = c.bounds(ctx, cfg.Topic, p); err != nil {
			return nil, nil, err
		}
	}
	return firsts, ends, nil
}
