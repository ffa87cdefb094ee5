package app

import (
	"context"
	"fmt"
	"path/filepath"

	"dwell/deploy/embedded/broker"
	"dwell/ingest/kafka"
)

// startKafka starts the broker, if it is embedded, makes the topics where they are missing, and a producer.
func (s *System) startKafka(ctx context.Context) error {
	k := &s.Config.Kafka
	if k.Embedded {
		if err := portFree("kafka.port", k.Port); err != nil {
			return err
		}
		b, err := broker.New(broker.Config{DataDir: filepath.Join(s.Config.Data, "kafka"), Port: k.Port}, s.Log)
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
		k.Brokers = []string{addr}
		k.NewReplication = 1
		s.Say("kafka", "embedded, %s", addr)
	} else {
		s.Say("kafka", "%v, topic %s", k.Brokers, k.Topic)
	}
	created, err := kafka.EnsureTopics(ctx, k.Config,
		kafka.NewTopic{Name: k.Topic, Partitions: k.NewPartitions, Replication: k.NewReplication, Retention: -1, ProducerTimes: k.ProducerTimes},
		kafka.NewTopic{Name: k.DeadLetterTopic, Partitions: 1, Replication: k.NewReplication, Retention: -1},
	)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	for _, t := range created {
		s.Log.Info("topic created", "topic", t)
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
