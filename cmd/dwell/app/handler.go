package app

import (
	"context"
	"fmt"

	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
	"dwell/metrics/pipeline"
)

// handler lets a pipeline shard handle a Kafka partition: the one knows nothing of the other.
type handler struct {
	shard     *pipeline.Shard
	partition int
	logs      *shortLogs // nil where a log that is shorter ends the work
}

func (h *handler) Open(ctx context.Context, _ int) (int64, error) {
	if h.logs != nil {
		if err := h.logs.wait(ctx, h.partition); err != nil {
			return 0, err
		}
	}
	next, err := h.shard.Open(ctx)
	if err == nil && next == 0 {
		return kafka.Earliest, nil
	}
	return next, err
}

func (h *handler) Handle(ctx context.Context, b kafka.Batch) error {
	return h.shard.Handle(ctx, b.Records, b.Next, b.HighWatermark)
}

func (h *handler) Write(ctx context.Context) error { return h.shard.Write(ctx) }

// ShortLog writes what was read before the loss, and makes the partition wait.
func (h *handler) ShortLog(ctx context.Context, next, end int64) error {
	if h.logs == nil {
		return fmt.Errorf("the log ends at offset %d, and was counted up to %d: it has lost records", end, next)
	}
	if err := h.shard.Close(ctx); err != nil {
		return err
	}
	return h.logs.note(ctx, h.partition, clickhouse.ShortLog{Counted: next, End: end})
}

func (h *handler) Close(ctx context.Context) error { return h.shard.Close(ctx) }
