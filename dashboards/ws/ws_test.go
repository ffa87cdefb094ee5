package ws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dwell/dashboards/door"
	"dwell/dashboards/hub"
	"dwell/dashboards/overview"
	"dwell/dashboards/problem"
)

// store counts up: every overview has another number of trucks.
type store struct {
	mu      sync.Mutex
	trucks  int64
	changed chan struct{}
	padding string
}

func (s *store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *store) Overview(context.Context) (*overview.Overview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	trucks := s.trucks
	bcp := overview.Place{PlaceDocument: overview.PlaceDocument{ID: "A", TimeZone: s.padding}, Inside: overview.Inside{Known: overview.Known{Trucks: &trucks}}, Trend: []overview.Hour{}}
	if s.padding != "" {
		bcp.TimeZone = fmt.Sprint(s.padding, trucks) // so that the padding is sent each time
	}
	return &overview.Overview{Places: []overview.Place{bcp}}, nil
}

func (s *store) add() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trucks++
	close(s.changed)
	s.changed = make(chan struct{})
}

// stand is a running hub behind a real server.
type stand struct {
	*store
	hub     *hub.Hub
	handler *Handler
	url     string
	stop    func()
	// endRequests ends the context of all requests; errors is what was logged at level ERROR.
	endRequests func()
	errors      *bytes.Buffer
}

func start(t *testing.T, cfg Config, padding string) *stand {
	t.Helper()
	s := &stand{store: &store{trucks: 1, changed: make(chan struct{}), padding: padding}, errors: &bytes.Buffer{}}
	log, reg := slog.New(slog.NewTextHandler(s.errors, &slog.HandlerOptions{Level: slog.LevelError})), prometheus.NewRegistry()
	hubCfg := hub.DefaultConfig()
	hubCfg.Tick = time.Millisecond
	s.hub = hub.New(s.store, hubCfg, 1000, "one", log, reg)
	s.handler = New(s.hub, cfg, door.NewRefusals(slog.New(slog.DiscardHandler), reg), log, reg)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.hub.Run(ctx) }()
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
	server := httptest.NewUnstartedServer(s.handler)
	requests, end := context.WithCancel(context.Background())
	s.endRequests = end
	server.Config.BaseContext = func(net.Listener) context.Context { return requests }
	server.Start()
	s.url = "ws" + strings.TrimPrefix(server.URL, "http")
	t.Cleanup(func() {
		s.stop()
		end()
		server.Close()
		if s.errors.Len() > 0 {
			t.Errorf("logged %s", s.errors)
		}
	})
	return s
}

type message struct {
	Kind   string
	Stream string
	Number uint64
	Since  uint64
}

func (s *stand) dial(t *testing.T, query string, header http.Header) *websocket.Conn {
	t.Helper()
	dialer := websocket.Dialer{EnableCompression: true, HandshakeTimeout: 10 * time.Second}
	conn, response, err := dialer.Dial(s.url+query, header)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func receive(t *testing.T, conn *websocket.Conn) (m message) {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := conn.ReadJSON(&m); err != nil {
		t.Fatal(err)
	}
	return m
}

// farewell reads until the connection ends.
func farewell(t *testing.T, conn *websocket.Conn) error {
	t.Helper()
	if err := conn.SetReadDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	for {
		if _, _, err := conn.ReadMessage(); err != nil {
			return err
		}
	}
}

func (s *stand) counts(t *testing.T, reason string) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for testutil.ToFloat64(s.handler.closed.WithLabelValues(reason)) != 1 {
		if time.Now().After(deadline) {
			t.Fatalf("no viewer was closed for %q", reason)
		}
		time.Sleep(time.Millisecond)
	}
}

func TestReconnectedViewerResumesAfterItsNumber(t *testing.T) {
	s := start(t, DefaultConfig(), "")
	conn := s.dial(t, "", nil)
	first := receive(t, conn)
	if first.Kind != "snapshot" {
		t.Fatalf("%+v", first)
	}
	s.add()
	second := receive(t, conn)
	if second.Kind != "changes" || second.Since != first.Number {
		t.Fatalf("%+v", second)
	}
	_ = conn.Close()
	s.add()
	back := s.dial(t, fmt.Sprintf("?from=%d&stream=%s", second.Number, second.Stream), nil)
	if m := receive(t, back); m.Kind != "changes" || m.Since != second.Number {
		t.Errorf("%+v", m)
	}
	stranger := s.dial(t, fmt.Sprintf("?from=%d&stream=another", second.Number), nil)
	if m := receive(t, stranger); m.Kind != "snapshot" {
		t.Errorf("%+v", m)
	}
}

func TestViewerThatStopsReadingIsClosedAndDelaysNoOther(t *testing.T) {
	cfg := DefaultConfig()
	cfg.WriteTimeout = 2 * time.Second
	cfg.Compress = false
	s := start(t, cfg, strings.Repeat("x", 256<<10))
	s.dial(t, "", nil) // never reads
	reader := s.dial(t, "", nil)
	for testutil.ToFloat64(s.handler.closed.WithLabelValues(slow)) == 0 {
		s.add()
		receive(t, reader) // fails the test if it has to wait long
	}
	s.counts(t, slow)
	if n := s.hub.Viewers(); n != 1 {
		t.Errorf("%d viewers are left", n)
	}
	s.add()
	receive(t, reader)
}

func TestViewerThatAnswersNoPingIsClosedWithTheReason(t *testing.T) {
	cfg := DefaultConfig()
	cfg.PongTimeout = 100 * time.Millisecond
	s := start(t, cfg, "")
	mute := s.dial(t, "", nil)
	mute.SetPingHandler(func(string) error { return nil })
	if err := farewell(t, mute); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) || !strings.Contains(err.Error(), "no pong") {
		t.Errorf("%v", err)
	}
	s.counts(t, silent)
}

func TestViewerThatAnswersPingsStays(t *testing.T) {
	cfg := DefaultConfig()
	cfg.PongTimeout = 2 * time.Second
	s := start(t, cfg, "")
	conn := s.dial(t, "", nil)
	pings := 0
	answer := conn.PingHandler()
	conn.SetPingHandler(func(data string) error {
		if pings++; pings == 3 {
			s.add()
		}
		return answer(data)
	})
	receive(t, conn)
	receive(t, conn) // comes after three pings, each a second after the other
}

func TestViewerThatSendsAMessageIsClosed(t *testing.T) {
	s := start(t, DefaultConfig(), "")
	conn := s.dial(t, "", nil)
	if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if err := farewell(t, conn); !websocket.IsCloseError(err, websocket.ClosePolicyViolation) {
		t.Errorf("%v", err)
	}
	s.counts(t, spoke)
}

func TestViewersGetServiceRestartWhenTheHubStops(t *testing.T) {
	s := start(t, DefaultConfig(), "")
	conn := s.dial(t, "", nil)
	receive(t, conn)
	s.stop()
	if err := farewell(t, conn); !websocket.IsCloseError(err, websocket.CloseServiceRestart) {
		t.Errorf("%v", err)
	}
}

// As it does where the browser leaves before the upgrade, or the server gives up.
func TestEndedRequestIsNoError(t *testing.T) {
	s := start(t, DefaultConfig(), "")
	conn := s.dial(t, "", nil)
	receive(t, conn)
	s.endRequests()
	if err := farewell(t, conn); err == nil {
		t.Error("the connection stays")
	}
	s.counts(t, gone)
}

func TestRefusedViewersGetTheReason(t *testing.T) {
	cfg := DefaultConfig()
	cfg.MaxViewers = 1
	s := start(t, cfg, "")
	receive(t, s.dial(t, "", nil))
	for _, c := range []struct {
		name, query, detail string
		header              http.Header
		status              int
	}{
		{"one too many", "", "too many viewers", http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, http.StatusServiceUnavailable},
		{"a negative number", "?from=-1", "not a number", nil, http.StatusBadRequest},
		{"a page that asks why", "", "web.external_url", nil, http.StatusForbidden},
		{"a proxy that drops Upgrade", "", "Upgrade", http.Header{"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}}, http.StatusUpgradeRequired},
	} {
		r := httptest.NewRequest(http.MethodGet, "/live"+c.query, nil)
		maps.Copy(r.Header, c.header)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		var got problem.Document
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || w.Code != c.status || got.Status != c.status || !strings.Contains(got.Detail, c.detail) {
			t.Errorf("%s: %d %s, want %d", c.name, w.Code, w.Body, c.status)
		}
		if kind := w.Header().Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s: content type %q", c.name, kind)
		}
	}
}

func TestFramesAreWhatTheHubMadeThem(t *testing.T) {
	s := start(t, DefaultConfig(), "")
	conn := s.dial(t, "", nil)
	_, data, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	var snapshot hub.Snapshot
	if err := json.Unmarshal(data, &snapshot); err != nil || *snapshot.Overview.Places[0].Inside.Trucks != 1 {
		t.Errorf("%s: %v", data, err)
	}
}
