// Package ws is /live: the overview over a websocket.
//
// A viewer gets a snapshot, then numbered changes, each a JSON text message (hub.Snapshot, hub.Changes). After a lost
// connection /live?from=N&stream=S resumes after number N of stream S: with the changes it missed if the hub
// remembers them, otherwise with a new snapshot. Clients must not send messages; one that does is closed.
//
// It promises that a viewer that stops reading is closed with the reason, and it delays no other; and that a request that is no
// websocket gets the reason why in words, so that a page can show it. It refuses more viewers than are configured. Which pages may open
// it is decided by dashboards/door.
package ws

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/websocket"
	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/door"
	"dwell/dashboards/hub"
	"dwell/dashboards/problem"
)

// Config has the limits of the live view.
type Config struct {
	// MaxViewers is the maximum number of viewers at once; one more gets 503.
	MaxViewers int `yaml:"max_viewers"`
	// WriteTimeout bounds the sending of one frame; a viewer that is slower is closed.
	WriteTimeout time.Duration `yaml:"write_timeout"`
	// PongTimeout is the silence after which a viewer is closed; it is pinged more often.
	PongTimeout time.Duration `yaml:"pong_timeout"`
	// SendBuffer is the size of the kernel's send buffer for one viewer, in bytes.
	SendBuffer int `yaml:"send_buffer"`
	// Compress offers permessage-deflate. A frame is compressed once for all viewers.
	Compress bool `yaml:"compress"`
}

// DefaultConfig is for some thousands of viewers on one machine.
func DefaultConfig() Config {
	return Config{
		MaxViewers: 20_000, WriteTimeout: 10 * time.Second, PongTimeout: 60 * time.Second, SendBuffer: 64 << 10,
		Compress: true,
	}
}

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	for key, value := range map[string]int{"max_viewers": c.MaxViewers, "send_buffer": c.SendBuffer} {
		if value < 1 {
			errs = append(errs, fmt.Errorf("live.%s: %d is not positive", key, value))
		}
	}
	for key, value := range map[string]time.Duration{"write_timeout": c.WriteTimeout, "pong_timeout": c.PongTimeout} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("live.%s: %v is not positive", key, value))
		}
	}
	return errors.Join(errs...)
}

// Handler serves /live.
type Handler struct {
	hub      *hub.Hub
	cfg      Config
	log      *slog.Logger
	upgrader websocket.Upgrader
	refusals *door.Refusals
	closed   *prometheus.CounterVec
}

// New makes the handler.
func New(h *hub.Hub, cfg Config, refusals *door.Refusals, log *slog.Logger, reg prometheus.Registerer) *Handler {
	s := &Handler{hub: h, cfg: cfg, refusals: refusals, log: log.With("component", "ws"), closed: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "dwell_live_closed_total", Help: "Viewers whose connection ended, by reason.",
	}, []string{"reason"})}
	reg.MustRegister(s.closed)
	s.upgrader = websocket.Upgrader{
		HandshakeTimeout: cfg.WriteTimeout, CheckOrigin: func(*http.Request) bool { return true }, EnableCompression: cfg.Compress,
		ReadBufferSize: 512, WriteBufferSize: 512, // frames are prepared: neither buffer holds one
	}
	return s
}

// The reasons for which connections end, as in the metric.
const (
	gone     = "gone"     // the viewer closed or its connection broke
	slow     = "slow"     // a frame did not leave in time
	silent   = "silent"   // no pong in time
	spoke    = "spoke"    // the viewer sent a message
	stopping = "stopping" // the server stops
	failed   = "failed"   // the frame could not be made
)

// ServeHTTP watches the overview for one viewer until the viewer leaves or the server stops.
func (s *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var from uint64
	if text := r.URL.Query().Get("from"); text != "" {
		var err error
		if from, err = strconv.ParseUint(text, 10, 64); err != nil {
			problem.Document{Title: "a parameter cannot be used", Status: http.StatusBadRequest, Detail: "not a number", Parameter: "from", Value: text}.Write(w)
			return
		}
	}
	if !websocket.IsWebSocketUpgrade(r) {
		s.explain(w, r)
		return
	}
	if s.hub.Viewers() >= s.cfg.MaxViewers {
		w.Header().Set("Retry-After", "30")
		s.refusals.Answer(w, r, door.Viewers, http.StatusServiceUnavailable, "too many viewers; the live view can be opened again later")
		return
	}
	reason, err := s.serve(w, r, from)
	if err != nil { // the upgrader has answered
		s.log.Debug("no websocket", "error", err)
		return
	}
	s.closed.WithLabelValues(reason).Inc()
	s.log.Debug("viewer left", "reason", reason, "remote", r.RemoteAddr)
}

// explain answers a request that is no websocket: a proxy may have made it of one, or a page asks why it got none. The page's may come
// through a proxy that speaks HTTP/2 with the browser; there the header Upgrade, which 426 must have, makes Safari drop the answer.
func (s *Handler) explain(w http.ResponseWriter, r *http.Request) {
	why := fmt.Sprintf("The live view is a websocket, and this request came as %s for host %q, without Upgrade. A proxy in front must pass on "+
		"Host, Upgrade and Connection; if it cannot pass on Host, set web.external_url to the address of the page.", r.Proto, r.Host)
	if r.Header.Get("Sec-WebSocket-Key") != "" {
		w.Header().Set("Upgrade", "websocket")
		s.refusals.Answer(w, r, door.NoUpgrade, http.StatusUpgradeRequired, why)
		return
	}
	problem.Document{Title: door.NoUpgrade.Title(), Status: http.StatusForbidden, Detail: why}.Write(w)
}

// serve watches, and has left the hub when it returns why.
func (s *Handler) serve(w http.ResponseWriter, r *http.Request, from uint64) (reason string, err error) {
	viewer := s.hub.Watch(from, r.URL.Query().Get("stream"))
	defer viewer.Close()
	conn, err := s.upgrader.Upgrade(w, r, nil)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if c, ok := conn.NetConn().(interface{ SetWriteBuffer(int) error }); ok {
		if err := c.SetWriteBuffer(s.cfg.SendBuffer); err != nil {
			s.log.Debug("send buffer", "error", err)
		}
	}
	return s.watch(r.Context(), conn, viewer), nil
}

// watch writes frames while another goroutine reads pongs and a timer sends pings, and returns why it ended.
func (s *Handler) watch(ctx context.Context, conn *websocket.Conn, viewer *hub.Viewer) (reason string) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go func() { cancel(s.listen(conn)) }()
	stop := s.ping(conn)
	defer stop()
	for {
		message, err := next(ctx, viewer)
		var why ending
		switch {
		case errors.Is(err, hub.ErrStopped):
			s.bid(conn, websocket.CloseServiceRestart, err.Error())
			return stopping
		case errors.As(context.Cause(ctx), &why):
			if why.code != 0 {
				s.bid(conn, why.code, why.text)
			}
			return why.reason
		case ctx.Err() != nil: // the viewer left before the upgrade
			return gone
		case err != nil:
			s.log.Error("no frame for viewers", "error", err)
			s.bid(conn, websocket.CloseInternalServerErr, "no frame could be made")
			return failed
		}
		if err := conn.SetWriteDeadline(time.Now().Add(s.cfg.WriteTimeout)); err != nil {
			return gone
		}
		if err := conn.WritePreparedMessage(message); err != nil {
			if isTimeout(err) {
				return slow // part of a frame is stuck before it, so no close message can follow
			}
			return gone
		}
	}
}

// next waits for the viewer's next frame, framed and compressed once for all viewers.
func next(ctx context.Context, viewer *hub.Viewer) (*websocket.PreparedMessage, error) {
	frame, err := viewer.Next(ctx)
	if err != nil {
		return nil, err
	}
	message, err := frame.Encoded(func(json []byte) (any, error) {
		return websocket.NewPreparedMessage(websocket.TextMessage, json)
	})
	if err != nil {
		return nil, err
	}
	return message.(*websocket.PreparedMessage), nil
}

// ending is why listen stopped, with the close message to send.
type ending struct {
	reason string
	code   int
	text   string
}

func (e ending) Error() string { return e.reason }

// listen reads until the viewer leaves, speaks, or answers no ping in time.
func (s *Handler) listen(conn *websocket.Conn) ending {
	conn.SetReadLimit(512)
	alive := func(string) error { return conn.SetReadDeadline(time.Now().Add(s.cfg.PongTimeout)) }
	conn.SetPongHandler(alive)
	if err := alive(""); err != nil {
		return ending{reason: gone}
	}
	_, _, err := conn.NextReader()
	switch {
	case err == nil || errors.Is(err, websocket.ErrReadLimit):
		return ending{spoke, websocket.ClosePolicyViolation, "clients must not send messages"}
	case isTimeout(err):
		return ending{silent, websocket.ClosePolicyViolation, fmt.Sprintf("no pong within %v: reading stopped", s.cfg.PongTimeout)}
	default:
		return ending{reason: gone}
	}
}

// ping sends pings twice in every PongTimeout until stop is called.
func (s *Handler) ping(conn *websocket.Conn) (stop func()) {
	every := s.cfg.PongTimeout / 2
	var timer *time.Timer
	started := make(chan struct{})
	timer = time.AfterFunc(every, func() {
		<-started
		if conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(s.cfg.WriteTimeout)) == nil {
			timer.Reset(every)
		}
	})
	close(started)
	return func() { timer.Stop() }
}

// bid sends a close message. The connection is closed after it in any case.
func (s *Handler) bid(conn *websocket.Conn, code int, text string) {
	message := websocket.FormatCloseMessage(code, text)
	if err := conn.WriteControl(websocket.CloseMessage, message, time.Now().Add(time.Second)); err != nil {
		s.log.Debug("no close message", "error", err)
	}
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}
