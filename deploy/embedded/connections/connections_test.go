package connections

import (
	"bytes"
	"errors"
	"log/slog"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipes is a listener whose connections are in memory.
type pipes struct{ connections chan net.Conn }

func (p pipes) Accept() (net.Conn, error) { return <-p.connections, nil }
func (pipes) Addr() net.Addr              { return &net.TCPAddr{} }
func (pipes) Close() error                { return nil }

// A listener has four connections: a request is at work on the first, the second has been answered, and the other two have sent nothing.
// Each further connection is accepted, and the connection of least use is closed for it.
func TestTheConnectionOfLeastUseEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		p := pipes{make(chan net.Conn, 1)}
		l := Bound(p, 4, slog.New(slog.NewTextHandler(&log, nil)))
		names := map[*Conn]string{}
		connect := func(name string) *Conn {
			t.Helper()
			_, own := net.Pipe()
			p.connections <- own
			c, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			names[c.(*Conn)] = name
			time.Sleep(time.Second) // of the test's clock: each is active later than the one before
			return c.(*Conn)
		}
		ended := func() string {
			t.Helper()
			for c, name := range names {
				if _, open := l.open[c]; !open {
					delete(names, c)
					if _, err := c.Write([]byte("x")); err == nil {
						t.Errorf("%s can be written to", name)
					}
					return name
				}
			}
			return "no connection"
		}
		over := connect("at work").Work()
		served := connect("served")
		served.Served()
		connect("the first that is silent")
		connect("the second that is silent")

		again := func(name, want string) *Conn {
			t.Helper()
			c := connect(name)
			if got := ended(); got != want {
				t.Errorf("when %q comes, %q ends, want %q", name, got, want)
			}
			return c
		}
		again("the third", "the first that is silent").Served()
		again("the fourth", "the second that is silent").Work()
		again("the fifth", "served").Work()
		again("the sixth", "the third").Work()
		over()
		again("the seventh", "at work").Work()
		again("the eighth", "the fourth") // all are at work
		if n := strings.Count(log.String(), "too many connections"); n != 1 {
			t.Errorf("logged %d times in a minute", n)
		}
		for c := range names {
			_ = c.Close()
		}
		if len(l.open) != 0 {
			t.Errorf("%d connections count as open after all are closed", len(l.open))
		}
	})
}

// scarce is a listener for whose connections the process has no file left at times.
type scarce struct {
	pipes
	fails int
}

func (s *scarce) Accept() (net.Conn, error) {
	if s.fails > 0 {
		s.fails--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	if len(s.connections) == 0 {
		return nil, net.ErrClosed
	}
	return s.pipes.Accept()
}

// The process runs out of files, and a minute later it has some again: the next connection is accepted, and one line says what happened.
func TestListenerOutlivesALackOfFiles(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		_, own := net.Pipe()
		s := &scarce{pipes{make(chan net.Conn, 1)}, 50}
		s.connections <- own
		l := Bound(s, 4, slog.New(slog.NewTextHandler(&log, nil)))
		began := time.Now()
		if c, err := l.Accept(); err != nil || c.(*Conn).Conn != own {
			t.Fatal(c, err)
		}
		if took := time.Since(began); took < 30*time.Second || took > time.Minute || strings.Count(log.String(), "no connection can be accepted, will retry") != 1 {
			t.Errorf("after %v of 50 tries\n%s", took, &log)
		}
		if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v at the end of the listener", err)
		}
	})
}
