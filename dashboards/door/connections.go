package door

import (
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"
)

// Listener bounds how many connections are open: one more is told so and closed.
type Listener struct {
	*net.TCPListener
	most     int64
	open     atomic.Int64
	refusals *Refusals
}

// Listen bounds the connections of a listener of TCP.
func Listen(ln net.Listener, cfg Config, refusals *Refusals) (*Listener, error) {
	tcp, ok := ln.(*net.TCPListener)
	if !ok {
		return nil, fmt.Errorf("%s is no port of TCP", ln.Addr())
	}
	return &Listener{TCPListener: tcp, most: int64(cfg.MaxConnections), refusals: refusals}, nil
}

// full is the answer to a connection that is one too many.
const full = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 30\r\nConnection: close\r\nContent-Type: text/plain; charset=utf-8\r\n" +
	"X-Content-Type-Options: nosniff\r\nContent-Length: 21\r\n\r\ntoo many connections\n"

// Accept waits for the next connection that may stay.
func (l *Listener) Accept() (net.Conn, error) {
	for {
		c, err := l.AcceptTCP()
		if err != nil {
			return nil, err
		}
		if l.open.Add(1) <= l.most {
			return &conn{TCPConn: c, open: &l.open}, nil
		}
		l.open.Add(-1)
		l.refusals.Note(Connections, "more connections than web.max_connections", "remote", c.RemoteAddr().String(), "max_connections", l.most)
		// The kernel's buffer takes so few bytes at once; the deadline is for the case that it does not.
		_ = errors.Join(c.SetWriteDeadline(time.Now().Add(time.Second)), send(c, full), c.Close())
	}
}

func send(c *net.TCPConn, text string) error {
	_, err := c.Write([]byte(text))
	return err
}

// conn is counted until it is closed.
type conn struct {
	*net.TCPConn
	open   *atomic.Int64
	closed atomic.Bool
}

func (c *conn) Close() error {
	if !c.closed.Swap(true) {
		c.open.Add(-1)
	}
	return c.TCPConn.Close()
}
