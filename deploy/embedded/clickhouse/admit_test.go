package clickhouse

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"
)

func TestSessionsAreBounded(t *testing.T) {
	p, err := newPool("", func() (*conn, error) { return &conn{}, nil })
	if err != nil {
		t.Fatal(err)
	}
	session := func(id string) error {
		_, give, err := p.take(t.Context(), "grafana", id, time.Hour)
		if err == nil {
			give()
		}
		return err
	}
	for i := range maxSessions {
		if err := session(fmt.Sprint("Grafana ", i)); err != nil {
			t.Fatalf("session %d: %v", i, err)
		}
	}
	for range poolSize + 1 { // a refusal keeps no slot
		if err := session("one more"); !errors.Is(err, errTooManySessions) {
			t.Fatalf("one more: %v", err)
		}
	}
	for _, id := range []string{"Grafana 7", ""} {
		if err := session(id); err != nil {
			t.Errorf("session %q: %v", id, err)
		}
	}
}

func TestRequestsBeyondTheBoundAreRefused(t *testing.T) {
	h := &handler{password: "sesame", admitted: newShare(1)}
	h.admitted.all <- struct{}{}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "http://127.0.0.1/?password=sesame", strings.NewReader("SELECT 1")))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("X-ClickHouse-Exception-Code") != "202" {
		t.Errorf("%d %v", w.Code, w.Header())
	}
}

// pipes is a listener whose connections are in memory.
type pipes struct {
	net.Listener
	connections chan net.Conn
}

func (p pipes) Accept() (net.Conn, error) {
	c, ok := <-p.connections
	if !ok {
		return nil, net.ErrClosed
	}
	return c, nil
}
func (pipes) Addr() net.Addr { return &net.TCPAddr{} }
func (pipes) Close() error   { return nil }

// TestSlowClientsAreLeft times how long a client may take that connects and sends nothing, half of a header, or a body byte by byte.
func TestSlowClientsAreLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bodies := make(chan error, 1)
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, err := io.Copy(io.Discard, &patient{ReadCloser: r.Body, control: http.NewResponseController(w)})
			bodies <- err
		})
		p := pipes{connections: make(chan net.Conn)}
		server := newServer(h, slog.New(slog.DiscardHandler))
		go func() { _ = server.Serve(p) }()
		connect := func() net.Conn {
			client, own := net.Pipe()
			p.connections <- own
			return client
		}
		// open is for how long the server keeps a connection on which a client writes a text and then a byte every ten seconds.
		open := func(text string, more bool) time.Duration {
			c := connect()
			begin := time.Now()
			if _, err := io.WriteString(c, text); err != nil {
				t.Fatal(err)
			}
			go func() {
				for more {
					time.Sleep(10 * time.Second)
					if _, err := c.Write([]byte("x")); err != nil {
						return
					}
				}
			}()
			_, _ = io.Copy(io.Discard, c)
			return time.Since(begin).Round(time.Second)
		}
		const post = "POST / HTTP/1.1\r\nHost: localhost\r\n"
		for _, text := range []string{"", "P", post} {
			if got := open(text, false); got != headerTimeout {
				t.Errorf("after %q the connection stays open for %v", text, got)
			}
		}
		if got := open(post+"Content-Length: 1000000\r\n\r\n", true); got < bodyTimeout || got > bodyTimeout+10*time.Second {
			t.Errorf("with a slow body the connection stays open for %v", got)
		}
		if err := <-bodies; !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("a slow body ends with %v", err)
		}
		if got := open(post+"Content-Length: 0\r\n\r\n", false); got != idleTimeout || <-bodies != nil {
			t.Errorf("an idle connection stays open for %v", got)
		}

		t.Log("a body that comes fast takes as long as the engine does")
		c := connect()
		ctx, stop := context.WithCancel(t.Context())
		go func() {
			_, _ = io.WriteString(c, post+"Content-Length: 4000000\r\n\r\n")
			for range 40 {
				time.Sleep(5 * time.Second)
				_, _ = c.Write(make([]byte, 100_000))
			}
			stop()
		}()
		go func() { _, _ = io.Copy(io.Discard, c) }()
		<-ctx.Done()
		if err := <-bodies; err != nil {
			t.Errorf("a fast body ends with %v", err)
		}
		_ = c.Close()
		close(p.connections)
		_ = server.Close()
	})
}

// Somebody opens all the connections there may be, and sends nothing or half of a request. Grafana comes later, and is answered at once, on
// the connection that it keeps.
func TestSilentConnectionsShutNobodyOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &handler{password: "sesame", admitted: newShare(1), pool: &pool{slots: newShare(1)}}
		h.admitted.all <- struct{}{} // so that each statement is refused at once, behind the password
		p := pipes{connections: make(chan net.Conn)}
		server := newServer(h, slog.New(slog.DiscardHandler))
		go func() { _ = server.Serve(listen(p, slog.New(slog.DiscardHandler))) }()
		connect := func() net.Conn {
			client, own := net.Pipe()
			p.connections <- own
			return client
		}
		silent := func(text string) {
			for range maxConnections {
				c := connect()
				go func() { _, _ = io.WriteString(c, text) }()
			}
			synctest.Wait()
		}
		silent("")
		silent("GET / HTTP/1.1")
		begin := time.Now()
		grafana := connect()
		answers := bufio.NewReader(grafana)
		for range 3 {
			if _, err := io.WriteString(grafana, "POST /?password=sesame&query=SELECT+1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(answers, nil)
			if err != nil {
				t.Fatal(err)
			}
			_, _ = io.Copy(io.Discard, answer.Body)
			if took := time.Since(begin); answer.StatusCode != http.StatusServiceUnavailable || took != 0 {
				t.Errorf("answered %s after %v", answer.Status, took)
			}
			silent("")
		}
		_ = grafana.Close()
		close(p.connections)
		_ = server.Close()
	})
}

// A statement may leave something in a connection in a way that nobody has thought of. The program itself may meet it again; dwell, which
// writes what it has counted, does not.
func TestConnectionIsLentToOneProgram(t *testing.T) {
	opened, closed := 0, 0
	lib := &library{closeConn: func(*unsafe.Pointer) { closed++ }}
	p, err := newPool("", func() (*conn, error) {
		opened++
		c := &conn{lib: lib, work: make(chan func(), 1)}
		go func() {
			for f := range c.work {
				f()
			}
		}()
		return c, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	use := func(program string) *conn {
		c, give, err := p.take(t.Context(), program, "", time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		give()
		return c
	}
	dwell, grafana := use("dwell"), use("Grafana")
	if dwell == grafana || use("Grafana") != grafana || use("dwell") != dwell || opened != 3 { // one is never lent
		t.Errorf("after %d connections: a program has another one's, or not its own", opened)
	}
	for i := range 100 {
		use(fmt.Sprint("a program of many names ", i))
	}
	if left := opened - closed - 1; left != poolSize {
		t.Errorf("%d free connections are kept, want %d", left, poolSize)
	}
	if err := p.close(); err != nil || opened != closed {
		t.Errorf("%d of %d connections are closed: %v", closed, opened, err)
	}
}
