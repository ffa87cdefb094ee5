package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// wire is a TCP proxy in front of a server that can inject network faults.
type wire struct {
	name  string
	proxy *toxiproxy.Proxy
}

func newWire(name, listen, upstream string) (*wire, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics write to a logger of their own
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	w := &wire{name, toxiproxy.NewProxy(server, name, listen, upstream)}
	if err := w.proxy.Start(); err != nil {
		return nil, fmt.Errorf("proxy for %s: %w", name, err)
	}
	return w, nil
}

// trouble is a network fault. Upstream is towards the server, downstream towards the client.
type trouble struct {
	name       string
	kind       string
	stream     string
	attributes map[string]any
}

var troubles = []trouble{
	{"slow answers", "latency", "downstream", map[string]any{"latency": 300, "jitter": 250}},
	{"slow requests", "latency", "upstream", map[string]any{"latency": 300, "jitter": 250}},
	{"resets", "reset_peer", "downstream", map[string]any{"timeout": 100}},
	{"answers that never come", "timeout", "downstream", map[string]any{"timeout": 0}},
	{"requests that never arrive", "timeout", "upstream", map[string]any{"timeout": 0}},
	{"hangs up in the middle of answers", "limit_data", "downstream", map[string]any{"bytes": 700}},
	{"hangs up in the middle of requests", "limit_data", "upstream", map[string]any{"bytes": 20_000}},
	{"a narrow line", "bandwidth", "upstream", map[string]any{"rate": 100}},
	{"answers in crumbs", "slicer", "downstream", map[string]any{"average_size": 64, "size_variation": 32, "delay": 500}},
}

func (w *wire) trouble(t trouble) error {
	text, err := json.Marshal(map[string]any{"name": "trouble", "type": t.kind, "stream": t.stream, "toxicity": 1, "attributes": t.attributes})
	if err != nil {
		return err
	}
	if _, err := w.proxy.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("%s: %s: %w", w.name, t.name, err)
	}
	return nil
}

// heal removes all faults.
func (w *wire) heal(ctx context.Context) { w.proxy.Toxics.ResetToxics(ctx) }
