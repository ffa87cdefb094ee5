package main

import (
	"bytes"
	"encoding/json"
	"fmt"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/rs/zerolog"
)

// proxy is a TCP proxy in front of a server that can inject network faults.
type proxy struct {
	name   string
	server *toxiproxy.ApiServer
	toxi   *toxiproxy.Proxy
}

func newProxy(name, listen, upstream string) (*proxy, error) {
	zerolog.SetGlobalLevel(zerolog.Disabled) // toxics write to the global logger
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(prometheus.NewRegistry()), zerolog.Nop())
	w := &proxy{name, server, toxiproxy.NewProxy(server, name, listen, upstream)}
	if err := w.toxi.Start(); err != nil {
		return nil, fmt.Errorf("proxy for %s: %w", name, err)
	}
	return w, nil
}

// networkFault is a toxic of Toxiproxy. Upstream is towards the server, downstream towards the client.
type networkFault struct {
	name       string
	kind       string
	stream     string
	attributes map[string]any
}

var networkFaults = []networkFault{
	{"slow responses", "latency", "downstream", map[string]any{"latency": 300, "jitter": 250}},
	{"slow requests", "latency", "upstream", map[string]any{"latency": 300, "jitter": 250}},
	{"resets", "reset_peer", "downstream", map[string]any{"timeout": 100}},
	{"responses that never arrive", "timeout", "downstream", map[string]any{"timeout": 0}},
	{"requests that never arrive", "timeout", "upstream", map[string]any{"timeout": 0}},
	{"closed in the middle of responses", "limit_data", "downstream", map[string]any{"bytes": 700}},
	{"closed in the middle of requests", "limit_data", "upstream", map[string]any{"bytes": 20_000}},
	{"low bandwidth", "bandwidth", "upstream", map[string]any{"rate": 100}},
	{"responses in small pieces", "slicer", "downstream", map[string]any{"average_size": 64, "size_variation": 32, "delay": 500}},
}

func (w *proxy) inject(t networkFault) error {
	text, err := json.Marshal(map[string]any{"name": "fault", "type": t.kind, "stream": t.stream, "toxicity": 1, "attributes": t.attributes})
	if err != nil {
		return err
	}
	if _, err := w.toxi.Toxics.AddToxicJson(bytes.NewReader(text)); err != nil {
		return fmt.Errorf("%s: %s: %w", w.name, t.name, err)
	}
	return nil
}

// heal removes all faults, and closes all connections. To remove toxics from live connections was rejected: Toxiproxy waits for ever for one
// that writes to a client which has left.
func (w *proxy) heal() error {
	listen := w.toxi.Listen
	w.toxi.Stop()
	w.toxi = toxiproxy.NewProxy(w.server, w.name, listen, w.toxi.Upstream)
	if err := w.toxi.Start(); err != nil {
		return fmt.Errorf("proxy for %s: %w", w.name, err)
	}
	return nil
}
