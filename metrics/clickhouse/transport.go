package clickhouse

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	driver "github.com/ClickHouse/clickhouse-go/v2"
)

// idleTimeout is how long a connection is kept for the next request. It is less than that of ClickHouse (10 s before version
// 24, 30 s since) and of usual proxies: one that closes a connection just as an insert begins makes the insert fail.
const idleTimeout = 5 * time.Second

// transport sends the driver's requests and receives the responses.
//
// It compresses the bodies of inserts, which the driver sends as they are. It refuses a response that is not from ClickHouse:
// the driver takes any 200 without an exception for a stored insert, and so also a proxy's page about maintenance or a login. It
// refuses one that ends where the connection does, as rows behind the end of a Native block would be missing without an error.
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
	response, err := t.next.RoundTrip(r)
	if err != nil || response.StatusCode != http.StatusOK {
		return response, err
	}
	if problem := unusable(response); problem != nil {
		return nil, errors.Join(problem, response.Body.Close())
	}
	return response, nil
}

// unusable is why a response of status 200 cannot be taken for what ClickHouse answered, nil if it can.
func unusable(r *http.Response) error {
	if r.ContentLength < 0 && len(r.TransferEncoding) == 0 {
		return errNoEnd
	}
	for name := range r.Header {
		if strings.HasPrefix(name, "X-Clickhouse-") {
			return nil
		}
	}
	return errNotClickHouse
}

// CloseIdleConnections is called by http.Client.
func (t transport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

var (
	errNotClickHouse = errors.New("a response without X-ClickHouse headers is not from ClickHouse; a proxy must pass them on")
	errNoEnd         = errors.New("a response has neither a length nor chunks, so one that was cut off would seem whole; a proxy must use HTTP/1.1")
)

// codeReadOnly is ClickHouse's number of the error READONLY.
const codeReadOnly = 164

// wayOut adds to an error of a first connection what is wrong with the configuration: a port of another protocol, a server that
// does not respond with the blocks which were asked for, or a user who may not send settings.
func (c Config) wayOut(err error) error {
	var exception *driver.Exception
	switch {
	case errors.As(err, &exception) && exception.Code == codeReadOnly:
		return fmt.Errorf("%w; the profile of user %q has readonly = 1: a user for reading needs readonly = 2, one for writing 0", err, c.User)
	case err == nil || exception != nil:
		return err
	}
	if strings.Contains(err.Error(), "block decode") {
		return fmt.Errorf("%w; ClickHouse is too old, or a proxy removes client_protocol_version from the URL: pass on the parameters of the URL", err)
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
