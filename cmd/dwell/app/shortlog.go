package app

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
)

// shortLogs stops the shards whose logs are shorter than what was counted of them, until somebody accepts the loss.
type shortLogs struct {
	store  *clickhouse.Store
	health *health
	topic  string
	log    *slog.Logger
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
		switch {
		case err != nil:
			return err
		case !waits && waited:
			l.log.Info("loss accepted, counting continues", "topic", l.topic, "partition", partition)
			fallthrough
		case !waits:
			l.health.shortLog(partition, nil)
			return nil
		}
		if !waited {
			l.log.Error("waiting for \"dwell log accept\"", "topic", l.topic, "partition", partition, "counted", short.Counted, "end", short.End)
		}
		l.health.shortLog(partition, &short)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Second):
		}
	}
}

// AcceptLog lets counting go on in a partition whose log has lost records: with the records from offset from on, where the log ended
// if from is below zero. They are written again behind the offset up to which was counted. It returns how many, and that offset.
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
		return 0, 0, fmt.Errorf("partition %d waits for nothing: its log was never found shorter than what was counted, or that was accepted", partition)
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
