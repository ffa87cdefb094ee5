package tracing

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"dwell/ingest/tlsdial"

	sdk "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"
)

var discard = slog.New(slog.DiscardHandler)

func TestWithoutEndpointNothingIsSent(t *testing.T) {
	before := runtime.NumGoroutine()
	tr, err := Open(t.Context(), DefaultConfig(), "test", discard)
	if err != nil {
		t.Fatal(err)
	}
	if tr.provider != nil {
		t.Error("a provider was made without an endpoint")
	}
	ctx, span := tr.Tracer().Start(t.Context(), "shard.batch")
	if span.IsRecording() || span.SpanContext().IsValid() || ctx == nil {
		t.Error("a span is recorded without an endpoint")
	}
	span.End()
	if after := runtime.NumGoroutine(); after > before {
		t.Errorf("%d goroutines, %d before", after, before)
	}
	if err := tr.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

// received is what a collector has received: names of spans, and one header.
type received struct {
	spans  []string
	header string
}

func (r *received) take(header string, req *collector.ExportTraceServiceRequest) {
	r.header = header
	for _, rs := range req.ResourceSpans {
		for _, ss := range rs.ScopeSpans {
			for _, s := range ss.Spans {
				r.spans = append(r.spans, ss.Scope.Name+" "+s.Name)
			}
		}
	}
}

type grpcCollector struct {
	collector.UnimplementedTraceServiceServer
	*received
}

func (c grpcCollector) Export(ctx context.Context, req *collector.ExportTraceServiceRequest) (*collector.ExportTraceServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	c.take(strings.Join(md.Get("x-key"), ","), req)
	return &collector.ExportTraceServiceResponse{}, nil
}

// With both protocols, spans and headers have been delivered when Close returns.
func TestSpansReachACollector(t *testing.T) {
	collectors := map[string]func(t *testing.T, into *received) (endpoint string){
		GRPC: func(t *testing.T, into *received) string {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			s := grpc.NewServer()
			collector.RegisterTraceServiceServer(s, grpcCollector{received: into})
			go func() { _ = s.Serve(l) }()
			t.Cleanup(s.Stop)
			return l.Addr().String()
		},
		HTTP: func(t *testing.T, into *received) string {
			s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				var req collector.ExportTraceServiceRequest
				body, _ := io.ReadAll(r.Body)
				if err := proto.Unmarshal(body, &req); err != nil || r.URL.Path != "/v1/traces" {
					t.Errorf("%s: %v", r.URL.Path, err)
				}
				into.take(r.Header.Get("X-Key"), &req)
			}))
			t.Cleanup(s.Close)
			return s.Listener.Addr().String()
		},
	}
	for protocol, start := range collectors {
		t.Run(protocol, func(t *testing.T) {
			var got received
			cfg := DefaultConfig()
			cfg.Endpoint, cfg.Protocol, cfg.SampleRatio = start(t, &got), protocol, 1
			cfg.HeadersFile = filepath.Join(t.TempDir(), "headers")
			if err := os.WriteFile(cfg.HeadersFile, []byte("# of the collector\nX-Key: secret:1\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			tr, err := Open(t.Context(), cfg, "test", discard)
			if err != nil {
				t.Fatal(err)
			}
			_, span := tr.Tracer().Start(t.Context(), "shard.flush")
			span.End()
			if err := tr.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
			if strings.Join(got.spans, ";") != "dwell shard.flush" || got.header != "secret:1" {
				t.Errorf("received %q with key %q", got.spans, got.header)
			}
		})
	}
}

// Close waits at most CloseTimeout for a collector that accepts connections and never answers.
func TestHangingCollectorDoesNotDelayShutdown(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	cfg := DefaultConfig()
	cfg.Endpoint, cfg.Protocol, cfg.SampleRatio, cfg.CloseTimeout = l.Addr().String(), HTTP, 1, 50*time.Millisecond
	tr, err := Open(t.Context(), cfg, "test", discard)
	if err != nil {
		t.Fatal(err)
	}
	_, span := tr.Tracer().Start(t.Context(), "shard.flush")
	span.End()
	closed := make(chan struct{})
	go func() {
		_ = tr.Close(context.Background())
		close(closed)
	}()
	select {
	case <-closed:
	case <-time.After(cfg.Timeout / 2):
		t.Error("Close waited for the collector longer than its timeout")
	}
}

type failing struct {
	sdk.SpanExporter
	err error
}

func (f *failing) ExportSpans(context.Context, []sdk.ReadOnlySpan) error { return f.err }

func TestUnreachableCollectorIsLoggedOnce(t *testing.T) {
	var text bytes.Buffer
	exporter := &failing{err: errors.New("connection refused")}
	q := &onceLogger{SpanExporter: exporter, endpoint: "collector:4317", log: slog.New(slog.NewTextHandler(&text, nil))}
	export := func() {
		if err := q.ExportSpans(t.Context(), make([]sdk.ReadOnlySpan, 2)); err != nil {
			t.Error(err)
		}
	}
	export()
	export()
	exporter.err = nil
	export()
	export()
	if got := text.String(); strings.Count(got, "spans are lost") != 1 || strings.Count(got, "lost=4") != 1 {
		t.Errorf("logged:\n%s", got)
	}
}

func TestConfigErrorNamesKeyAndValue(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`endpoint: "collector" is not host:port`:                func(c *Config) { c.Endpoint = "collector" },
		`protocol: "thrift" is not supported; use grpc or http`: func(c *Config) { c.Protocol = "thrift" },
		`sample_ratio: 2 is not in 0..1`:                        func(c *Config) { c.SampleRatio = 2 },
		`service_name: missing`:                                 func(c *Config) { c.ServiceName = "" },
		`timeout: 0s is not positive`:                           func(c *Config) { c.Timeout = 0 },
		`close_timeout: 0s is not positive`:                     func(c *Config) { c.CloseTimeout = 0 },
		`tls.enabled: false, but other tls`:                     func(c *Config) { c.TLS.CAFile = "ca.pem" },
		`tls.cert_file "a" and tls.key_file "": on`:             func(c *Config) { c.TLS = tlsdial.Config{Enabled: true, CertFile: "a"} },
		`headers_file: open /nowhere`:                           func(c *Config) { c.Endpoint, c.HeadersFile = "c:1", "/nowhere" },
		`tls.ca_file: open /nowhere`: func(c *Config) {
			c.Endpoint, c.TLS = "c:1", tlsdial.Config{Enabled: true, CAFile: "/nowhere"}
		},
	} {
		cfg := DefaultConfig()
		change(&cfg)
		if _, err := Open(t.Context(), cfg, "test", discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	cfg := DefaultConfig()
	cfg.Endpoint, cfg.HeadersFile = "c:1", filepath.Join(t.TempDir(), "headers")
	if err := os.WriteFile(cfg.HeadersFile, []byte("very-secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), cfg, "test", discard); err == nil || strings.Contains(err.Error(), "secret") || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("error %v, want the number of the line without its text", err)
	}
}
