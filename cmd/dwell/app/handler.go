package app

import (
	"context"

	"dwell/ingest/kafka"
	"dwell/metrics/pipeline"
)

// handler lets a pipeline shard handle a Kafka partition: the one knows nothing of the other.
type handler struct{ shard *pipeline.Shard }

func (h *handler) Open(ctx context.Context, _ int) (int64, error) {
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

func (h *handler) Close(ctx context.Context) error { return h.shard.Close(ctx) }
