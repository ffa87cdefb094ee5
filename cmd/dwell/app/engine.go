package app

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/presume"
	"dwell/metrics/prom"
)

// StartEngine counts what is in Kafka into ClickHouse, for a program that serves nothing.
func (s *System) StartEngine(ctx context.Context) error {
	return s.startEngine(ctx, prometheus.NewRegistry(), noop.NewTracerProvider().Tracer(""), newHealth(s.Log, time.Now, func() {}, s.border.Elsewhere))
}

// startEngine counts what is in Kafka into ClickHouse:
//
//	topic ── consumer ── one shard per partition ── store
//	                         └── dead letters ── dead-letter topic
func (s *System) startEngine(ctx context.Context, reg prometheus.Registerer, tracer trace.Tracer, known *health) error {
	if err := s.storeRules(ctx); err != nil {
		return err
	}
	if err := s.checkPartitions(ctx); err != nil {
		return err
	}
	if err := s.keep(ctx); err != nil {
		return err
	}
	cfg := s.Config.pipeline(s.Book, s.Vocabulary)
	cfg.LeaveRetentions = !s.setsRetentions()
	observer := shards{prom.New(reg, s.Vocabulary, s.Book.Places, s.known, s.held, s.ofPlace, known.Metrics), s.border, known}
	budget := pipeline.NewBudget(cfg.FlushBytes)
	logs := &shortLogs{
		store: s.Store, producer: s.Producer, vocabulary: s.Vocabulary, skew: cfg.Skew,
		health: known, topic: s.Config.Kafka.Topic, log: s.Log.With("component", "engine"),
	}
	var consumer *kafka.Consumer
	consumer, err := kafka.New(s.Config.Kafka.Config, func(partition int) kafka.Handler {
		return &handler{partition: partition, logs: logs, shard: pipeline.New(cfg, partition, pipeline.Parts{
			Budget:      budget,
			Store:       s.Store,
			DeadLetters: s.Producer.DeadLetters,
			Commit: func(_ context.Context, next int64) error {
				consumer.Commit(partition, next, "")
				return nil
			},
			PartitionOf: s.partitionOf, WriteToOwners: s.Producer.Write, Forward: s.Producer.Forward,
			Observer: observer, Tracer: tracer, Log: s.Log, Now: time.Now,
		})}
	}, reading{prom.NewKafka(reg, kafka.Failures()), known}, s.Log)
	if err != nil {
		return err
	}
	s.Go(ctx, "engine", consumer.Run)
	return nil
}

// known is what all shards know, and nothing until that is complete: a part of the trucks is no number of trucks.
func (s *System) known() *engine.Overview {
	if !s.border.Complete() {
		return &engine.Overview{}
	}
	return s.border.Overview()
}

// held returns the trucks inside by holder, and nothing in a process that serves no page. Every process returns those of the whole border: choosing
// the one that has the first partition would leave no process in an outage of Kafka.
func (s *System) held(b event.BCP, d event.Direction, of *engine.PlaceOverview) []presume.Held {
	if s.Source == nil {
		return nil
	}
	return s.Source.Held(b, d, of)
}

// ofPlace is what the metrics say of a BCP besides its events: as was read from the tables, where something is served.
func (s *System) ofPlace(id string) prom.Place {
	if s.Source == nil {
		return prom.Place{SilentAfter: s.Book.Place(id).SilentAfter, Capacity: s.Book.Place(id).Capacity}
	}
	readings, silence := s.Source.LatestReadings(id)
	return prom.Place{
		SilentAfter: s.Source.SilentAfter(id), QueuesLeftOut: s.Source.QueuesLeftOut(id), Queues: queuesOf(readings), QueuesSilentAfter: silence,
		Capacity: s.Book.Place(id).Capacity, Deviations: s.Source.Deviations(id), Target: targetOf(s.Source.Target(id)),
	}
}

func targetOf(t overview.Target) prom.Target {
	if t.ReleaseTimeSeconds == nil {
		return prom.Target{}
	}
	return prom.Target{Seconds: float64(*t.ReleaseTimeSeconds), Statistic: t.Statistic, Value: t.ValueSeconds, Met: t.Met}
}

// CaughtUp waits until everything that is in Kafka now is in ClickHouse. It calls left with what is missing, five times a second.
func (s *System) CaughtUp(ctx context.Context, left func(records int64)) error {
	for range 2 { // what has been read may have been forwarded, and a copy is not forwarded again
		if err := s.caughtUp(ctx, left); err != nil {
			return err
		}
	}
	return nil
}

func (s *System) caughtUp(ctx context.Context, left func(records int64)) error {
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
