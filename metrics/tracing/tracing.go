// Package tracing sends the spans of the pipeline to an OpenTelemetry collector.
//
// It promises that nothing at all happens where no endpoint is configured: no exporter, no goroutine, no connection; and
// that Close takes no longer than Config.CloseTimeout. While the collector is unreachable spans are lost, and shards do not
// wait. It refuses to touch OpenTelemetry's globals, so the environment variables OTEL_* do not override Config.
package tracing

import (
	"context"
	"fmt"
	"log/slog"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
	"google.golang.org/grpc/credentials"
)

// scope is the name of the instrumentation in every span.
const scope = "dwell"

// Tracing exports spans.
type Tracing struct {
	cfg      Config
	provider *sdk.TracerProvider // nil where nothing is configured
}

// Open starts the exporter. Version is the program's own. It does not wait for the collector; the context is used during
// setup only.
func Open(ctx context.Context, cfg Config, version string, log *slog.Logger) (*Tracing, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	if cfg.Endpoint == "" {
		return &Tracing{cfg: cfg}, nil
	}
	out, err := exporter(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("tracing: %w", err)
	}
	return &Tracing{cfg: cfg, provider: provider(cfg, version, sdk.WithBatcher(&onceLogger{SpanExporter: out, endpoint: cfg.Endpoint, log: log.With("component", "tracing")}))}, nil
}

func provider(cfg Config, version string, to sdk.TracerProviderOption) *sdk.TracerProvider {
	return sdk.NewTracerProvider(to,
		sdk.WithSampler(sdk.ParentBased(sdk.TraceIDRatioBased(cfg.SampleRatio))),
		sdk.WithResource(resource.NewWithAttributes(semconv.SchemaURL,
			semconv.ServiceName(cfg.ServiceName), semconv.ServiceVersion(version))),
	)
}

func exporter(ctx context.Context, cfg Config) (sdk.SpanExporter, error) {
	headers, err := cfg.headers()
	if err != nil {
		return nil, err
	}
	tls, err := cfg.TLS.Load()
	if err != nil {
		return nil, err
	}
	if cfg.Protocol == HTTP {
		opts := []otlptracehttp.Option{
			otlptracehttp.WithEndpoint(cfg.Endpoint), otlptracehttp.WithURLPath("/v1/traces"),
			otlptracehttp.WithHeaders(headers), otlptracehttp.WithTimeout(cfg.Timeout),
		}
		if tls == nil {
			opts = append(opts, otlptracehttp.WithInsecure())
		} else {
			opts = append(opts, otlptracehttp.WithTLSClientConfig(tls))
		}
		return otlptrace.New(ctx, otlptracehttp.NewClient(opts...))
	}
	opts := []otlptracegrpc.Option{
		otlptracegrpc.WithEndpoint(cfg.Endpoint), otlptracegrpc.WithHeaders(headers), otlptracegrpc.WithTimeout(cfg.Timeout),
	}
	if tls == nil {
		opts = append(opts, otlptracegrpc.WithInsecure())
	} else {
		opts = append(opts, otlptracegrpc.WithTLSCredentials(credentials.NewTLS(tls)))
	}
	return otlptrace.New(ctx, otlptracegrpc.NewClient(opts...))
}

// Tracer makes the spans of the pipeline.
func (t *Tracing) Tracer() trace.Tracer {
	if t.provider == nil {
		return noop.NewTracerProvider().Tracer(scope)
	}
	return t.provider.Tracer(scope)
}

// Close sends the remaining spans and stops, within Config.CloseTimeout. Spans that are not sent by then are lost, which is
// an error.
func (t *Tracing) Close(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, t.cfg.CloseTimeout)
	defer cancel()
	if err := t.provider.Shutdown(ctx); err != nil {
		return fmt.Errorf("tracing: spans may be lost: %w", err)
	}
	return nil
}
