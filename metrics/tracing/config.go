package tracing

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// The protocols of OTLP.
const (
	GRPC = "grpc"
	HTTP = "http" // with protobuf
)

// Config says where spans go. Without an Endpoint they go nowhere.
type Config struct {
	// Endpoint is the host:port of a collector that takes OTLP.
	Endpoint string `yaml:"endpoint"`
	// Protocol is grpc or http.
	Protocol string `yaml:"protocol"`
	// HeadersFile has a header of each request on each line, "name: value"; a file, since they hold keys.
	HeadersFile string `yaml:"headers_file"`
	TLS         TLS    `yaml:"tls"`
	// SampleRatio is the share of traces that is kept, 0 to 1.
	SampleRatio float64 `yaml:"sample_ratio"`
	// ServiceName is how the program names itself.
	ServiceName string `yaml:"service_name"`
	// Timeout bounds one request with its tries, CloseTimeout the last sending on the way out.
	Timeout      time.Duration `yaml:"timeout"`
	CloseTimeout time.Duration `yaml:"close_timeout"`
}

// TLS says how the collector is trusted. The zero value is no TLS.
type TLS struct {
	Enabled bool `yaml:"enabled"`
	// CAFile is a PEM file of authorities to trust in place of the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are this process's own certificate.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name that the collector's certificate must have, where it is not the endpoint's host.
	ServerName string `yaml:"server_name"`
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
		if host, port, err := net.SplitHostPort(c.Endpoint); err != nil || host == "" || port == "" {
			bad("endpoint: %q is not host:port", c.Endpoint)
		}
	}
	if c.Protocol != GRPC && c.Protocol != HTTP {
		bad("protocol: %q is none of %s, %s", c.Protocol, GRPC, HTTP)
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
	if !c.TLS.Enabled && c.TLS != (TLS{}) {
		bad("tls.enabled: false, but other tls keys are set")
	}
	if (c.TLS.CertFile == "") != (c.TLS.KeyFile == "") {
		bad("tls.cert_file %q and tls.key_file %q: one is missing", c.TLS.CertFile, c.TLS.KeyFile)
	}
	return errors.Join(errs...)
}

// headers reads the file. An error tells the line's number and never its text, which may be a key.
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

// config reads the files. It returns nil where TLS is off.
func (t TLS) config() (*tls.Config, error) {
	if !t.Enabled {
		return nil, nil
	}
	c := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: t.ServerName}
	if t.CAFile != "" {
		pem, err := os.ReadFile(t.CAFile)
		if err != nil {
			return nil, fmt.Errorf("tls.ca_file: %w", err)
		}
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("tls.ca_file: %q holds no certificate", t.CAFile)
		}
	}
	if t.CertFile != "" {
		pair, err := tls.LoadX509KeyPair(t.CertFile, t.KeyFile)
		if err != nil {
			return nil, fmt.Errorf("tls.cert_file %q, tls.key_file %q: %w", t.CertFile, t.KeyFile, err)
		}
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}
