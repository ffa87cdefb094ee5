package main

import (
	"io"
	"net"
	"sync"
	"testing"
)

// link is a TCP connection to a part that a test can take away.
type link struct {
	t           *testing.T
	address, to string

	mu       sync.Mutex
	listener net.Listener
	silent   bool // accepts connections and passes nothing on
	open     []net.Conn
}

func newLink(t *testing.T, to string) *link {
	t.Helper()
	l := &link{t: t, to: to, address: "127.0.0.1:0"}
	l.restore()
	t.Cleanup(l.cut)
	return l
}

// cut ends all connections and refuses new ones.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.listener != nil {
		_ = l.listener.Close()
	}
	l.listener = nil
	l.end()
}

// silence ends all connections, and accepts new ones without ever answering.
func (l *link) silence() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = true
	l.end()
}

// restore ends what cut or silence has begun.
func (l *link) restore() {
	l.t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.silent = false
	l.end()
	if l.listener != nil {
		return
	}
	listener, err := net.Listen("tcp", l.address)
	if err != nil {
		l.t.Fatal(err)
	}
	l.listener, l.address = listener, listener.Addr().String()
	go func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			l.pass(c)
		}
	}()
}

// end closes all connections. The caller holds mu.
func (l *link) end() {
	for _, c := range l.open {
		_ = c.Close()
	}
	l.open = nil
}

func (l *link) pass(c net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = append(l.open, c)
	if l.silent {
		return
	}
	part, err := net.Dial("tcp", l.to)
	if err != nil {
		_ = c.Close()
		return
	}
	l.open = append(l.open, part)
	copyAndClose := func(to, from net.Conn) {
		_, _ = io.Copy(to, from)
		_, _ = to.Close(), from.Close()
	}
	go copyAndClose(part, c)
	go copyAndClose(c, part)
}
