package tracing

import (
	"context"
	"log/slog"
	"sync"

	sdk "go.opentelemetry.io/otel/sdk/trace"
)

// onceLogger is an exporter that logs the first of several failures in a row, and the recovery. It returns no error, because
// OpenTelemetry passes each one to a global handler.
type onceLogger struct {
	sdk.SpanExporter
	endpoint string
	log      *slog.Logger

	mu   sync.Mutex
	lost int
}

func (q *onceLogger) ExportSpans(ctx context.Context, spans []sdk.ReadOnlySpan) error {
	err := q.SpanExporter.ExportSpans(ctx, spans)
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case err != nil:
		if q.lost == 0 {
			q.log.Warn("spans are lost", "endpoint", q.endpoint, "error", err)
		}
		q.lost += len(spans)
	case q.lost > 0:
		q.log.Info("spans are sent again", "endpoint", q.endpoint, "lost", q.lost)
		q.lost = 0
	}
	return nil
}
