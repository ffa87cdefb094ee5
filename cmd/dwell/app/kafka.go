package app

import (
	"context"
	"fmt"
	"path/filepath"

	"dwell/deploy/embedded/broker"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
)

// startKafka starts the broker, if it is embedded, makes the topics where they are missing, and a producer.
func (s *System) startKafka(ctx context.Context) (err error) {
	k := &s.Config.Kafka
	topics := []kafka.NewTopic{
		{Name: k.Topic, Partitions: k.NewPartitions, Replication: k.NewReplication, Retention: -1, ProducerTimes: k.ProducerTimes},
		{Name: k.DeadLetterTopic, Partitions: 1, Replication: k.NewReplication, Retention: -1},
	}
	if k.Embedded {
		for _, m := range s.Config.topicSources() { // the folder's broker has no other owner
			topics = append(topics, kafka.NewTopic{Name: m.Topic, Partitions: 1, Replication: k.NewReplication, Retention: -1})
		}
		err = s.startBroker(ctx, topics)
	} else {
		err = s.ensureTopics(ctx, topics)
	}
	if err != nil {
		return err
	}
	if s.Producer, err = kafka.NewProducer(k.Config); err != nil {
		return err
	}
	s.Go(ctx, "producer", func(ctx context.Context) error {
		<-ctx.Done()
		s.Producer.Close()
		return nil
	})
	return nil
}

func (s *System) ensureTopics(ctx context.Context, topics []kafka.NewTopic) error {
	k := s.Config.Kafka
	s.Say("kafka", "%v, topic %s", k.Brokers, k.Topic)
	created, err := kafka.EnsureTopics(ctx, k.Config, topics...)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	for _, t := range created {
		s.Log.Info("topic created", "topic", t)
	}
	return nil
}

// startBroker starts the embedded broker. It learns up to where its log was counted before it takes the first record: the log, with
// the marks beside it, may be an old copy.
func (s *System) startBroker(ctx context.Context, topics []kafka.NewTopic) error {
	k := &s.Config.Kafka
	if err := portFree(ctx, "kafka.port", k.Port, 0); err != nil {
		return err
	}
	ends, err := s.leastEnds(ctx)
	if err != nil {
		return err
	}
	cfg := broker.Config{DataDir: filepath.Join(s.Config.Data, "kafka"), Port: k.Port}
	for _, t := range topics {
		topic := broker.Topic{Name: t.Name, Partitions: t.Partitions, Configs: t.Configs()}
		if t.Name == k.Topic {
			topic.LeastEnds = ends
		}
		cfg.Topics = append(cfg.Topics, topic)
	}
	b, err := broker.New(cfg, s.Log)
	if err != nil {
		return err
	}
	s.Go(ctx, "kafka", b.Run)
	is, now := once()
	go func() {
		if _, err := b.Addr(ctx); err == nil {
			now()
		}
	}()
	if err := s.Ready(ctx, "kafka", is, nil); err != nil {
		return err
	}
	addr, err := b.Addr(ctx)
	if err != nil {
		return err
	}
	k.Brokers, k.NewReplication = []string{addr}, 1
	s.Say("kafka", "embedded, %s", addr)
	return nil
}

// leastEnds are the offsets up to which the topic was read, by partition; none where the tables were counted from another topic.
func (s *System) leastEnds(ctx context.Context) ([]int64, error) {
	var ends []int64
	rules, err := s.Store.Rules(ctx)
	if was, counted := rules[topicRule]; err == nil && (!counted || was == s.Config.Kafka.Topic) {
		ends, err = s.Store.LeastEnds(ctx)
	}
	if clickhouse.IsDamage(err) { // a recount must start; for the others /readyz, or the start, names the table and the way out
		s.Log.Warn("cannot tell up to where the log was counted", "topic", s.Config.Kafka.Topic, "error", err)
		return ends, nil
	}
	return ends, err
}

// warnOfProducerTimes logs that clocks of producers can be wrong in the topic, if they decide the times of its records. A topic
// that is meant to be so passes.
func (s *System) warnOfProducerTimes(ctx context.Context) {
	k := s.Config.Kafka
	if k.ProducerTimes {
		return
	}
	theirs, err := kafka.ProducerTimes(ctx, k.Config)
	if err != nil { // it is not needed to count
		s.Log.Warn("cannot tell whether records have the broker's times", "topic", k.Topic, "error", err)
	} else if theirs {
		s.Log.Warn(fmt.Sprintf("topic %s has %s", k.Topic, CreateTimeAdvice))
	}
}

// CreateTimeAdvice says of a topic with CreateTime what that means, and what to do.
const CreateTimeAdvice = "CreateTime: records have the times of their producers, whose clocks may be wrong; " +
	"set its message.timestamp.type to LogAppendTime, and the broker's clock decides what is from the future"
