package clickhouse

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"dwell/deploy/embedded/connections"
)

// What a client may take of this machine besides its statements: memory for what it sends, connections, and time.
const (
	// maxRequests bounds the requests that are read, wait for a connection to the engine, or are at work (share).
	maxRequests = 64
	// maxConnections bounds the connections of clients; beyond it the one of least use ends.
	maxConnections = 256
	// maxHeaderBytes bounds URL and headers; it is ClickHouse's http_max_uri_size.
	maxHeaderBytes = 1 << 20
	// maxTextBytes bounds a statement without the data of an INSERT, which are read as the engine takes them.
	maxTextBytes = 4 << 20

	headerTimeout = 10 * time.Second
	idleTimeout   = 5 * time.Minute
	// A body may take bodyTimeout, and longer if it comes faster than bodyRate bytes a second.
	bodyTimeout = 30 * time.Second
	bodyRate    = 16 << 10
)

var (
	errTooManyRequests = &exception{code: 202, name: "TOO_MANY_SIMULTANEOUS_QUERIES", text: "Code: 202. DB::Exception: Too many requests at once; the embedded ClickHouse takes 64, of which 16 are kept for dwell, try again later. (TOO_MANY_SIMULTANEOUS_QUERIES)"}
	errTooLong         = &exception{code: 62, name: "SYNTAX_ERROR", text: "Code: 62. DB::Exception: Max query size exceeded: the embedded ClickHouse takes statements of 4 MiB; send data as the body of an INSERT with a FORMAT. (SYNTAX_ERROR)"}
)

func newServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ConnContext: func(ctx context.Context, c net.Conn) context.Context {
			return context.WithValue(ctx, connectionKey{}, c)
		},
	}
}

// listen is ln with the bound of connections.
func listen(ln net.Listener, log *slog.Logger) net.Listener {
	return connections.Bound(ln, maxConnections, log)
}

// connectionKey is the key of a request's connection in its context.
type connectionKey struct{}

// work says that a request with the password is at work until over is called: its connection is of use.
func work(r *http.Request) (over func()) {
	c, ok := r.Context().Value(connectionKey{}).(*connections.Conn)
	if !ok { // a test's
		return func() {}
	}
	c.Served()
	return c.Work()
}

// patient is a body that ends with an error if its client does not send it in time. The time in which the engine takes what has
// come is not counted.
type patient struct {
	io.ReadCloser
	control *http.ResponseController
	waited  time.Duration
	bytes   int64
}

func (p *patient) Read(b []byte) (int, error) {
	begin := time.Now()
	allowed := bodyTimeout + time.Duration(p.bytes)*time.Second/bodyRate
	_ = p.control.SetReadDeadline(begin.Add(allowed - p.waited))
	n, err := p.ReadCloser.Read(b)
	p.waited += time.Since(begin)
	p.bytes += int64(n)
	if err != nil { // from here on the server waits for the client to leave
		_ = p.control.SetReadDeadline(time.Time{})
	}
	return n, err
}
