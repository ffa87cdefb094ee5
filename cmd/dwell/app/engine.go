package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/kafka"
	"dwell/metrics/pipeline"
	"dwell/metrics/prom"
	"dwell/metrics/recent"
)

// StartEngine counts what is in Kafka into ClickHouse, for a program that serves nothing.
func (s *System) StartEngine(ctx context.Context) error {
	return s.startEngine(ctx, prometheus.NewRegistry(), noop.NewTracerProvider().Tracer(""), newReadiness())
}

// startEngine counts what is in Kafka into ClickHouse:
//
//	topic ── consumer ── one shard per partition ── store
//	                         └── dead letters ── dead-letter topic
func (s *System) startEngine(ctx context.Context, reg prometheus.Registerer, tracer trace.Tracer, ready *readiness) error {
	if err := s.storeRules(ctx); err != nil {
		return err
	}
	if err := s.checkPartitions(ctx); err != nil {
		return err
	}
	cfg := s.Config.pipeline(s.Book, s.Vocabulary)
	ready.Observer = prom.New(reg, s.Vocabulary, s.Book.Places, func(id string) time.Duration {
		bound, cancel := context.WithTimeout(context.WithoutCancel(ctx), baselineTimeout)
		defer cancel()
		return s.Source.SilentAfter(bound, id)
	})
	if s.Source != nil {
		hours := recent.New(s.Config.Dashboards.Query.Reach()+time.Hour, s.Source.Now)
		s.Source.Own(hours, s.Vocabulary)
		ready.Observer = counted{ready.Observer, hours}
	}
	budget := pipeline.NewBudget(cfg.FlushBytes)
	var consumer *kafka.Consumer
	consumer, err := kafka.New(s.Config.Kafka.Config, func(partition int) kafka.Handler {
		return &handler{shard: pipeline.New(cfg, partition, pipeline.Parts{
			Budget:      budget,
			Store:       s.Store,
			DeadLetters: s.Producer.DeadLetters,
			Commit: func(_ context.Context, next int64) error {
				consumer.Commit(partition, next)
				return nil
			},
			Forward:  s.Producer.Forward,
			Observer: ready, Tracer: tracer, Log: s.Log, Now: time.Now,
		})}
	}, prom.NewKafka(reg, kafka.Failures()), s.Log)
	if err != nil {
		return err
	}
	s.Go(ctx, "engine", consumer.Run)
	return nil
}

// baselineTimeout bounds how long a scrape waits for the baselines of the BCPs, which are learned once an hour.
const baselineTimeout = 5 * time.Second

// CaughtUp waits until everything that is in Kafka now is in ClickHouse. It calls left with what is missing, five times a second.
func (s *System) CaughtUp(ctx context.Context, left func(records int64)) error {
	ends, err := kafka.Ends(ctx, s.Config.Kafka.Config)
	if err != nil {
		return err
	}
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		var records int64
		for p, end := range ends {
			progress, err := s.Store.Progress(ctx, p)
			if err != nil {
				return err
			}
			records += max(0, end-progress.Offset)
		}
		left(records)
		if records == 0 {
			return nil
		}
		select {
		case one := <-s.failed:
			return one.endError()
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Counted is the least time up to which all shards have counted; false where one of them has counted nothing yet.
func (s *System) Counted(ctx context.Context) (until time.Time, ok bool, err error) {
	for p := range s.Config.Kafka.Partitions {
		progress, err := s.Store.Progress(ctx, p)
		if err != nil || !progress.HasLatest {
			return time.Time{}, false, err
		}
		if latest := time.UnixMilli(progress.Latest); until.IsZero() || latest.Before(until) {
			until = latest
		}
	}
	return until, !until.IsZero(), nil
}
