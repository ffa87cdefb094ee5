// Package connections bounds how many connections a port of an embedded part has. With too many of them the one that is of least use ends,
// so that who opens connections and sends nothing shuts nobody out.
//
// It promises that a new connection is always accepted, also after the process had no file left for one for a while, and that one at work ends only
// where all are at work. It does not know what is
// said on a connection: the part that does calls Served and Work.
package connections

import (
	"cmp"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// Listener accepts connections, of which at most so many are open.
type Listener struct {
	net.Listener
	most int
	log  *slog.Logger

	mu   sync.Mutex
	open map[*Conn]struct{}
	full time.Time // when connections were last too many and that was logged
	// refused is when no connection could be accepted, as was logged last. It is Accept's alone, which one goroutine calls.
	refused time.Time
}

// Bound bounds the connections that ln accepts to most, which is positive.
func Bound(ln net.Listener, most int, log *slog.Logger) *Listener {
	return &Listener{Listener: ln, most: most, log: log, open: map[*Conn]struct{}{}}
}

// Accept waits for a connection, which is a *Conn. With too many of them, the one that has been of least use ends: one that is not at
// work before others, then one that was never served, and of each kind the one that has been idle for longest. Only the end of the listener is an error.
func (l *Listener) Accept() (net.Conn, error) {
	nc, err := l.accept()
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: nc, of: l}
	c.active.Store(time.Now().UnixNano())
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.open) >= l.most {
		var least *Conn
		for other := range l.open {
			if least == nil || other.lessUseful(least) {
				least = other
			}
		}
		delete(l.open, least)
		_ = least.Conn.Close() // its reads and writes fail, and the part lets go of it
		if time.Since(l.full) > time.Minute {
			l.full = time.Now()
			l.log.Warn("too many connections: ended the one that was of least use", "maximum", l.most, "remote", least.RemoteAddr())
		}
	}
	l.open[c] = struct{}{}
	return c, nil
}

// accept tries again where the process has no file left for a connection, as net/http does. kfake would take any error for the end of the listener.
func (l *Listener) accept() (net.Conn, error) {
	const longest = time.Second
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, longest) {
		nc, err := l.Listener.Accept()
		if err == nil || errors.Is(err, net.ErrClosed) {
			return nc, err
		}
		if time.Since(l.refused) > time.Minute {
			l.refused = time.Now()
			l.log.Warn("no connection can be accepted, will retry", "error", err)
		}
		time.Sleep(pause)
	}
}

// Conn is a connection of a Listener.
type Conn struct {
	net.Conn
	of     *Listener
	served atomic.Bool
	work   atomic.Int64 // how many requests are at work
	active atomic.Int64 // when it was last of use, Unix nanoseconds
}

// Active says that the client has sent something whole.
func (c *Conn) Active() { c.active.Store(time.Now().UnixNano()) }

// Served says that the client has been given what it asked for, or has shown that it may ask.
func (c *Conn) Served() {
	c.served.Store(true)
	c.Active()
}

// Work says that a request of the client is at work until over is called.
func (c *Conn) Work() (over func()) {
	c.work.Add(1)
	return func() {
		c.Active()
		c.work.Add(-1)
	}
}

func (c *Conn) lessUseful(than *Conn) bool {
	order := cmp.Or(
		compare(c.work.Load() > 0, than.work.Load() > 0), compare(c.served.Load(), than.served.Load()),
		cmp.Compare(c.active.Load(), than.active.Load()),
	)
	return order < 0
}

// compare has false before true.
func compare(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	default:
		return 1
	}
}

// Close ends the connection, which counts no more.
func (c *Conn) Close() error {
	c.of.mu.Lock()
	delete(c.of.open, c)
	c.of.mu.Unlock()
	return c.Conn.Close()
}
