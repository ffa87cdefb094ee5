package broker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"dwell/deploy/embedded/connections"
)

const (
	// maxRequest is Kafka's own default of socket.request.max.bytes. The beginnings of HTTP and of TLS are larger sizes.
	maxRequest = 100 << 20
	// maxOther bounds a request that brings no records. One with the offsets of a thousand partitions has a tenth of it.
	maxOther = 256 << 10
	// minRequest is a header: kind, version and correlation id.
	minRequest = 8
	// smallRequest is what a connection may have in memory without asking. Kafka's clients send a megabyte by default.
	smallRequest = 2 << 20
)

// A connection ends when it has sent nothing for idleTimeout, as with Kafka, when a request that it has begun has not arrived as
// a whole after requestTimeout, and when it has not taken a response after responseTimeout.
const (
	idleTimeout     = 10 * time.Minute
	responseTimeout = 60 * time.Second
)

var requestTimeout = 30 * time.Second

// conn is a client's connection. kfake reads whole requests from it, and writes each response with one Write.
type conn struct {
	*connections.Conn
	g *guard

	buf   bytes.Buffer // the request, from its size on
	ahead []byte       // what of it has not been read by kfake

	mu      sync.Mutex
	closed  bool
	pending []*request // read by kfake, and not answered yet
	warned  bool       // of what it sent
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		if err := c.next(); err != nil {
			c.refuse(err)
			return 0, err
		}
	}
	n := copy(p, c.ahead)
	c.ahead = c.ahead[n:]
	return n, nil
}

// refuse logs why the connection ends: at debug level after the first time, since anybody on the machine can repeat it.
func (c *conn) refuse(err error) {
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, os.ErrDeadlineExceeded) && c.buf.Len() == 0 {
		return
	}
	c.g.log.Debug("connection ended", "remote", c.RemoteAddr(), "error", err)
}

// next reads the next request whole.
func (c *conn) next() (err error) {
	const large = smallRequest / 2 // memory is not kept for the next request above this
	if c.buf.Cap() > large {
		c.buf = bytes.Buffer{}
	}
	c.buf.Reset()
	var head [8]byte // size, kind and version
	_ = c.SetReadDeadline(time.Now().Add(idleTimeout))
	if _, err := io.ReadFull(c.Conn, head[:1]); err != nil {
		return err
	}
	deadline := time.Now().Add(c.g.requestTimeout)
	_ = c.SetReadDeadline(deadline)
	if _, err := io.ReadFull(c.Conn, head[1:]); err != nil {
		return err
	}
	size := binary.BigEndian.Uint32(head[:])
	r := &request{key: int16(binary.BigEndian.Uint16(head[4:])), version: int16(binary.BigEndian.Uint16(head[6:]))}
	if size < minRequest || size > maxRequest || !r.served() {
		return fmt.Errorf("%q begins no request of Kafka that is served here", head)
	}
	if size > maxOther && r.key != produceKey {
		return fmt.Errorf("request %d has %d bytes, of at most %d", r.key, size, maxOther)
	}
	defer func() {
		if err != nil {
			c.g.large.give(r.large)
		}
	}()
	c.buf.Write(head[:])
	for left := int(size) - 4; left > 0; {
		n := min(left, smallRequest)
		if c.buf.Len()+n > smallRequest { // taken as bytes arrive: a size alone takes no memory from others
			if err := c.g.large.take(n, deadline); err != nil {
				return err
			}
			r.large += n
		}
		if _, err := io.CopyN(&c.buf, c.Conn, int64(n)); err != nil {
			return err
		}
		left -= n
	}
	c.Active()
	whole, err := c.take(r)
	if err != nil {
		return err
	}
	c.ahead = whole
	return c.awaits(r)
}

// take checks the request that has been read, and returns it as kfake is to read it.
func (c *conn) take(r *request) (whole []byte, err error) {
	c.g.parsing <- struct{}{}
	defer func() { <-c.g.parsing }()
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("request %d version %d cannot be read: %v", r.key, r.version, p)
		}
	}()
	return r.read(c.buf.Bytes(), c)
}

// awaits notes that a response to the request is to come, if one is.
func (c *conn) awaits(r *request) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return net.ErrClosed
	case r.silent:
		c.g.large.give(r.large)
	default:
		r.over = c.Work()
		c.pending = append(c.pending, r)
	}
	return nil
}

// answers returns the request that a response answers.
func (c *conn) answers(correlation int32) *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, r := range c.pending {
		if r.correlation == correlation {
			c.g.large.give(r.large)
			c.pending = slices.Delete(c.pending, i, i+1)
			return r
		}
	}
	return nil
}

// Write writes one response of kfake.
func (c *conn) Write(p []byte) (int, error) {
	out := p
	if len(p) >= 8 {
		if r := c.answers(int32(binary.BigEndian.Uint32(p[4:]))); r != nil {
			defer r.over()
			var err error
			if out, err = r.answer(p, c.g); err != nil {
				c.g.log.Error("response withheld, its connection ended", "remote", c.RemoteAddr(), "error", err)
				return 0, err
			}
		}
	}
	_ = c.SetWriteDeadline(time.Now().Add(responseTimeout))
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	c.Served()
	return len(p), nil
}

func (c *conn) Close() error {
	c.mu.Lock()
	c.closed = true
	for _, r := range c.pending {
		c.g.large.give(r.large)
	}
	c.pending = nil
	c.mu.Unlock()
	return c.Conn.Close()
}
