package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
)

// shortLogs stops the shards whose logs are shorter than what was counted of them, or not those that were counted, until somebody accepts that.
type shortLogs struct {
	store      *clickhouse.Store
	producer   *kafka.Producer
	vocabulary *event.Vocabulary
	skew       time.Duration
	health     *health
	topic      string
	log        *slog.Logger
}

// note makes the partition wait.
func (l *shortLogs) note(ctx context.Context, partition int, short clickhouse.ShortLog) error {
	l.log.Error("the log is shorter than what was counted of it: it has lost records, and nothing of it is counted until \"dwell log accept\"",
		"topic", l.topic, "partition", partition, "counted", short.Counted, "end", short.End)
	return l.store.NoteShortLog(ctx, partition, short)
}

// wait waits as long as the partition must. It looks every two seconds.
func (l *shortLogs) wait(ctx context.Context, partition int) error {
	for waited := false; ; waited = true {
		short, waits, err := l.store.ShortLog(ctx, partition)
		if err != nil {
			return err
		}
		reason := fmt.Sprintf("the log ended at offset %d, and was counted up to %d: it has lost records, and nothing is counted until", short.End, short.Counted)
		if !waits {
			other, err := l.other(ctx, partition, short.Counted)
			switch {
			case clickhouse.IsDamage(err): // of which /readyz names the table
				l.log.Warn("cannot tell whether the log is the one that was counted", "topic", l.topic, "partition", partition, "error", err)
			case err != nil:
				return err
			}
			if other == nil {
				if waited {
					l.log.Info("counting continues", "topic", l.topic, "partition", partition)
				}
				l.health.shortLog(partition, nil, "")
				return nil
			}
			short, reason = other.short(), other.String()
		}
		if !waited {
			l.log.Error("waiting for \"dwell log accept\"", "topic", l.topic, "partition", partition, "counted", short.Counted, "end", short.End, "reason", reason)
		}
		l.health.shortLog(partition, &short, reason)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// AcceptLog lets counting go on in a partition whose log has lost records: with the records from offset from on, where the log ended
// if from is below zero, and all that it has if it is not the one that was counted. They are written again behind the offset up to which was counted. It returns how many, and that offset.
func (s *System) AcceptLog(ctx context.Context, partition int, from int64) (copied int, next int64, err error) {
	partitions, err := kafka.Partitions(ctx, s.Config.Kafka.Config)
	if err != nil {
		return 0, 0, err
	}
	if partition < 0 || partition >= partitions {
		return 0, 0, fmt.Errorf("partition %d does not exist: topic %s has partitions 0 to %d", partition, s.Config.Kafka.Topic, partitions-1)
	}
	short, waits, err := s.Store.ShortLog(ctx, partition)
	if err != nil {
		return 0, 0, err
	}
	if !waits {
		logs := &shortLogs{store: s.Store, producer: s.Producer, vocabulary: s.Vocabulary, skew: s.Config.Engine.Skew}
		other, err := logs.other(ctx, partition, short.Counted)
		if err != nil {
			return 0, 0, err
		}
		if other == nil {
			return 0, 0, fmt.Errorf("partition %d waits for nothing: its log is the one that was counted, and was never found shorter, or that was accepted", partition)
		}
		short = other.short()
	}
	progress, err := s.Store.Progress(ctx, partition)
	if err != nil {
		return 0, 0, err
	}
	if next = progress.Offset; from < 0 {
		from = min(short.End, next)
	}
	if from > next {
		return 0, 0, fmt.Errorf("--from %d: it must not be above %d, up to which was counted", from, next)
	}
	if copied, err = s.Producer.Accept(ctx, partition, from, next); err != nil {
		return copied, next, err
	}
	return copied, next, s.Store.AcceptShortLog(ctx, partition, short, from)
}
