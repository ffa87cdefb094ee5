package clickhouse

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// transport compresses the bodies of inserts, which the driver sends as they are.
type transport struct {
	next        http.RoundTripper
	compressors *sync.Pool // nil without compression
}

// insertType is the Content-Type of the driver's inserts, and of nothing else that it sends here.
const insertType = "application/octet-stream"

func (t transport) RoundTrip(r *http.Request) (*http.Response, error) {
	if t.compressors != nil && r.Header.Get("Content-Type") == insertType {
		r = r.Clone(r.Context())
		r.URL.RawQuery += "&decompress=1"
		r.Body = &compressedBody{ReadCloser: r.Body, pool: t.compressors, c: t.compressors.Get().(*compressor)}
	}
	return t.next.RoundTrip(r)
}

// CloseIdleConnections is called by http.Client.
func (t transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// wayOut adds to an error of a connection which port is meant, where the configured one is that of another protocol.
func (c Config) wayOut(err error) error {
	var exception *driver.Exception
	if err == nil || errors.As(err, &exception) {
		return err
	}
	for _, address := range c.Addresses {
		_, port, _ := net.SplitHostPort(address)
		switch {
		case port == "9000" || port == "9440" || strings.Contains(err.Error(), "is for clickhouse-client program"):
			return fmt.Errorf("%w; port %s is that of ClickHouse's native protocol: set clickhouse.addresses to its HTTP port, 8123, or 8443 with TLS", err, port)
		case port == "8443" && !c.TLS.Enabled:
			return fmt.Errorf("%w; port 8443 is that of HTTP with TLS: set clickhouse.tls.enabled to true, or clickhouse.addresses to port 8123", err)
		}
	}
	return err
}
