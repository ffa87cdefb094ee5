package door

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

// Three callers open connections and keep them; the third is told that there are too many, until one of them leaves.
func TestOneConnectionTooManyIsRefusedAtOnce(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	refusals := NewRefusals(slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	bounded, err := Listen(ln, Config{MaxConnections: 2}, refusals)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan struct{}, 1)
	server := &http.Server{
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "12 trucks") }), ReadHeaderTimeout: time.Minute,
		ConnState: func(_ net.Conn, state http.ConnState) {
			if state == http.StateClosed {
				closed <- struct{}{}
			}
		},
	}
	served := make(chan error, 1)
	go func() { served <- server.Serve(bounded) }()
	defer func() {
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	}()
	ask := func() (net.Conn, string) {
		t.Helper()
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
		head := make([]byte, 12)
		if _, err := io.ReadFull(c, head); err != nil {
			t.Fatal(err)
		}
		return c, string(head)
	}
	var stay []net.Conn
	for _, want := range []string{"HTTP/1.1 200", "HTTP/1.1 200", "HTTP/1.1 503"} {
		c, got := ask()
		if got != want {
			t.Fatalf("answer is %q, want %q", got, want)
		}
		stay = append(stay, c)
	}
	if rest, err := io.ReadAll(stay[2]); err == nil && !strings.HasSuffix(string(rest), "too many connections\n") {
		t.Errorf("refused with %q", rest)
	}
	if n := testutil.ToFloat64(refusals.total.WithLabelValues(string(Connections))); n != 1 {
		t.Errorf("%v refusals are counted", n)
	}
	_ = stay[0].Close()
	<-closed
	if c, got := ask(); got != "HTTP/1.1 200" {
		t.Errorf("after one has left: %q", got)
	} else {
		_ = c.Close()
	}
	_ = stay[1].Close()
	_ = stay[2].Close()
}
