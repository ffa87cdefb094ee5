package broker

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"dwell/deploy/embedded/connections"
)

// guard stands between clients and kfake, which trusts whoever it talks to: it takes the first four bytes that come for the size of
// a request and makes a buffer of that size (1.2 GB for the "GET " of a browser, which any web page can send to a loopback port), and
// ends the program on a request of an unknown kind, since nothing in it recovers from a panic. So a request is handed on only when
// it is whole and readable (conn.go, request.go), and kfake's responses pass here too (response.go).
type guard struct {
	net.Listener
	log *slog.Logger
	// topics is what is known of the cluster's topics, marks keeps the ends of their partitions.
	topics topics
	marks  *marks
	opened chan struct{} // closed when requests are served
	large  budget
	// requestTimeout is how long a request may take to arrive.
	requestTimeout time.Duration
	// parsing bounds how many requests are parsed at once: what claims to be a long array costs memory until it is refused.
	parsing chan struct{}

	closing sync.Once
	closed  chan struct{}
}

func newGuard(ln net.Listener, log *slog.Logger, m *marks) *guard {
	closed := make(chan struct{})
	return &guard{
		Listener: connections.Bound(ln, maxConns, log), log: log, topics: topics{known: map[string]bool{}, closed: closed}, marks: m,
		requestTimeout: requestTimeout, opened: make(chan struct{}), closed: closed,
		large:   budget{left: largeBytes, freed: make(chan struct{})},
		parsing: make(chan struct{}, 8),
	}
}

// maxConns is how many connections there may be. A client takes a handful.
const maxConns = 256

// Accept waits for a connection, and until requests are served.
func (g *guard) Accept() (net.Conn, error) {
	nc, err := g.Listener.Accept()
	if err != nil {
		return nil, err
	}
	select {
	case <-g.opened:
	case <-g.closed:
		return nil, errors.Join(net.ErrClosed, nc.Close())
	}
	return &conn{Conn: nc.(*connections.Conn), g: g}, nil
}

// open serves requests from now on.
func (g *guard) open(cluster *kfake.Cluster) {
	g.topics.cluster = cluster
	close(g.opened)
}

// Close ends the listener.
func (g *guard) Close() error {
	g.closing.Do(func() { close(g.closed) })
	return g.Listener.Close()
}

// largeBytes is how many bytes of large requests may be in memory together.
const largeBytes = 256 << 20

// budget is what is left of an amount of bytes.
type budget struct {
	mu    sync.Mutex
	left  int
	freed chan struct{} // closed, and replaced, when some come back
}

// take takes n bytes, and waits for them until the deadline.
func (b *budget) take(n int, deadline time.Time) error {
	timeout := time.NewTimer(time.Until(deadline))
	defer timeout.Stop()
	for {
		b.mu.Lock()
		if b.left >= n {
			b.left -= n
			b.mu.Unlock()
			return nil
		}
		freed := b.freed
		b.mu.Unlock()
		select {
		case <-freed:
		case <-timeout.C:
			return fmt.Errorf("no memory for %d more bytes of large requests", n)
		}
	}
}

func (b *budget) give(n int) {
	if n == 0 {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left += n
	close(b.freed)
	b.freed = make(chan struct{})
}
