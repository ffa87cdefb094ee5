package tracing

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"dwell/ingest/tlsdial"
)

// The protocols of OTLP.
const (
	GRPC = "grpc"
	HTTP = "http" // with protobuf
)

// Config says where spans go. Without an Endpoint they go nowhere.
type Config struct {
	// Endpoint is the host:port of a collector that takes OTLP; empty sends no spans.
	Endpoint string `yaml:"endpoint" example:"127.0.0.1:4317"`
	// Protocol is grpc or http.
	Protocol string `yaml:"protocol"`
	// HeadersFile has one request header per line, "name: value"; it is a file because headers hold secrets.
	HeadersFile string `yaml:"headers_file" example:"/run/secrets/collector"`

	// TLS is how connections are encrypted, and which certificates they trust.
	TLS tlsdial.Config `yaml:"tls"`

	// SampleRatio is the share of traces that is sent, 0 to 1.
	SampleRatio float64 `yaml:"sample_ratio"`
	// ServiceName is the name of this program in the traces.
	ServiceName string `yaml:"service_name"`
	// Timeout bounds one request with its retries.
	Timeout time.Duration `yaml:"timeout"`
	// CloseTimeout bounds the last request when the program stops.
	CloseTimeout time.Duration `yaml:"close_timeout"`
}

// DefaultConfig sends nothing.
func DefaultConfig() Config {
	return Config{Protocol: GRPC, SampleRatio: 0.01, ServiceName: "dwell", Timeout: 10 * time.Second, CloseTimeout: 3 * time.Second}
}

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.Endpoint != "" {
		if err := tlsdial.CheckAddress(c.Endpoint); err != nil {
			bad("endpoint: %w", err)
		}
	}
	if c.Protocol != GRPC && c.Protocol != HTTP {
		bad("protocol: %q is not supported; use %s or %s", c.Protocol, GRPC, HTTP)
	}
	if !(c.SampleRatio >= 0 && c.SampleRatio <= 1) {
		bad("sample_ratio: %v is not in 0..1", c.SampleRatio)
	}
	if c.ServiceName == "" {
		bad("service_name: missing")
	}
	if c.Timeout <= 0 {
		bad("timeout: %v is not positive", c.Timeout)
	}
	if c.CloseTimeout <= 0 {
		bad("close_timeout: %v is not positive", c.CloseTimeout)
	}
	errs = append(errs, c.TLS.Validate())
	return errors.Join(errs...)
}

// headers reads the file. An error gives the line's number and never its text, which may be a secret.
func (c Config) headers() (map[string]string, error) {
	headers := map[string]string{}
	if c.HeadersFile == "" {
		return headers, nil
	}
	text, err := os.ReadFile(c.HeadersFile)
	if err != nil {
		return nil, fmt.Errorf("headers_file: %w", err)
	}
	lines := bufio.NewScanner(strings.NewReader(string(text)))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, value, ok := strings.Cut(line, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("headers_file %q: line %d is not \"name: value\"", c.HeadersFile, n)
		}
		headers[strings.ToLower(name)] = strings.TrimSpace(value)
	}
	return headers, lines.Err()
}
