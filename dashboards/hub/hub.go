// Package hub refreshes the overview once for all viewers and sends them what changed.
//
// It promises that every viewer that keeps reading sees a change within one tick of its publication; that frames are made once,
// however many read them; and that a viewer that lags gets the changes it missed as one frame with the latest state, so that
// memory does not grow with slow viewers and none holds up another. It refuses to queue: a viewer has a number, not a
// backlog.
package hub

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"dwell/dashboards/overview"
)

// Source is where the hub gets the overview. Both are called by one goroutine at a time, and neither waits.
type Source interface {
	// Changed is closed when an overview that is made then may differ from one that was made before the call.
	Changed() <-chan struct{}
	Overview(ctx context.Context) (*overview.Overview, error)
}

// Config is how often the hub looks, and how far back it remembers.
type Config struct {
	// Tick is the shortest time between two frames.
	Tick time.Duration `yaml:"tick"`
	// MaxAge is the age at which the overview is made again though no data changed: silence and age change with time alone.
	MaxAge time.Duration `yaml:"max_age"`
	// Remember is the number of frames back to which a viewer can resume.
	Remember int `yaml:"remember"`
	// Page is the version of the page that this program has. No file can set it.
	Page string `yaml:"-"`
}

// DefaultConfig is five frames a second at most, resumed within two minutes.
func DefaultConfig() Config {
	return Config{Tick: 200 * time.Millisecond, MaxAge: 10 * time.Second, Remember: 600}
}

// frameTimeout is that of the page's live.js.
const frameTimeout = 35 * time.Second

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	for key, value := range map[string]time.Duration{"tick": c.Tick, "max_age": c.MaxAge} {
		if value <= 0 {
			errs = append(errs, fmt.Errorf("hub.%s: %v is not positive", key, value))
		}
	}
	if longest := c.Tick + c.MaxAge; longest >= frameTimeout {
		errs = append(errs, fmt.Errorf("hub.max_age: %v, with tick, lets %v pass between two frames; it must be less than %v, after which a page reconnects",
			c.MaxAge, longest, frameTimeout))
	}
	if c.Remember < 1 {
		errs = append(errs, fmt.Errorf("hub.remember: %d is not positive", c.Remember))
	}
	return errors.Join(errs...)
}

// ErrStopped is what a viewer gets when the hub ends.
var ErrStopped = errors.New("the server is stopping")

// Hub is the one overview of a process and its viewers.
type Hub struct {
	source Source
	cfg    Config
	log    *slog.Logger
	// stream distinguishes the numbers of this hub from those of another.
	stream  string
	viewers atomic.Int64
	asked   chan chan<- struct{}
	metrics metrics

	mu      sync.Mutex
	latest  *state        // nil before the first refresh
	changed chan struct{} // closed with every frame
	stopped bool
}

// state is the overview after a frame, with the frames by which viewers get to it.
type state struct {
	overview *overview.Overview
	fields   *fields
	number   uint64
	at       time.Time // when it was numbered
	// history says what the last frames touched, oldest first; the last one is this number's.
	history []touched
	// snapshot and catchUp are made on demand; catchUp is by the number that the viewer has.
	snapshot *Frame
	catchUp  map[uint64]*Frame
	failing  bool
}

// New makes a hub. First is the number of its first frame: it must be higher than that of any hub whose viewers may
// come here, such as milliseconds since the Unix epoch. Stream names the hub.
func New(source Source, cfg Config, first uint64, stream string, log *slog.Logger, reg prometheus.Registerer) *Hub {
	h := &Hub{
		source: source, cfg: cfg, log: log.With("component", "hub"), stream: stream,
		asked: make(chan chan<- struct{}), changed: make(chan struct{}),
	}
	h.metrics = newMetrics(reg, func() float64 { return float64(h.viewers.Load()) })
	h.latest = &state{number: first, catchUp: map[uint64]*Frame{}}
	return h
}

// settle is how long the hub waits after a change for others that come at the same time: shards publish together.
const settle = 20 * time.Millisecond

// Run makes the overview again after each change, while anybody watches, until ctx ends; then it closes every viewer with
// ErrStopped.
func (h *Hub) Run(ctx context.Context) error {
	tick := time.NewTicker(h.cfg.Tick)
	defer tick.Stop()
	defer h.stop()
	var waiting []chan<- struct{}
	var last time.Time // of the last refresh, whether it failed or not
	woken := make(<-chan time.Time)
	changed, stale := h.source.Changed(), true
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-changed:
			changed, stale = nil, true
			if h.viewers.Load() > 0 && time.Since(last) >= h.cfg.Tick { // else a tick comes
				woken = time.After(settle)
			}
			continue
		case done := <-h.asked:
			waiting = append(waiting, done)
			if time.Since(last) < h.cfg.Tick { // the next tick answers all requests in between
				continue
			}
		case <-woken:
		case <-tick.C:
		}
		if len(waiting) == 0 && h.viewers.Load() == 0 {
			continue
		}
		if stale || h.failing() || time.Since(last) >= h.cfg.MaxAge {
			// What changes from now on is seen once more, never missed.
			changed, stale = h.source.Changed(), false
			last = time.Now()
			h.refresh(ctx)
		}
		for _, done := range waiting {
			close(done)
		}
		waiting = waiting[:0]
	}
}

// refresh makes the overview.
func (h *Hub) refresh(ctx context.Context) {
	begin := time.Now()
	b, err := h.source.Overview(ctx)
	if err == nil {
		err = h.publish(b)
	}
	h.metrics.refreshes.Observe(time.Since(begin).Seconds())
	if err != nil && ctx.Err() == nil {
		h.fail(err)
	}
}

func (h *Hub) failing() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.latest.failing || h.latest.overview == nil
}

// publish makes b the latest overview and wakes the viewers.
func (h *Hub) publish(b *overview.Overview) error {
	next, err := fieldsOf(b)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest.failing {
		h.log.Info("the overview is read again")
	}
	h.advance(&state{overview: b, fields: next})
	return nil
}

// fail shows the viewers that the overview cannot be read: when it begins, and at each age at which they would get it again,
// since a page takes a connection without frames for lost. The error is logged when it begins.
func (h *Hub) fail(err error) {
	h.metrics.failures.Inc()
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest.failing && time.Since(h.latest.at) < h.cfg.MaxAge {
		return
	}
	if !h.latest.failing {
		h.log.Error("the overview cannot be read", "error", err)
	}
	h.advance(&state{overview: h.latest.overview, fields: h.latest.fields, failing: true})
}

// advance numbers the next state. The caller holds mu.
func (h *Hub) advance(next *state) {
	prev := h.latest
	next.number, next.at = prev.number+1, time.Now()
	next.catchUp = map[uint64]*Frame{}
	next.history = append(prev.history, touchedBetween(prev.fields, next.fields))
	if over := len(next.history) - h.cfg.Remember; over > 0 {
		next.history = next.history[over:]
	}
	h.latest = next
	close(h.changed)
	h.changed = make(chan struct{})
	h.metrics.frames.Inc()
}

func (h *Hub) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.stopped = true
	close(h.changed)
	h.changed = make(chan struct{})
}

// Overview returns the latest overview, made again if it is older than a tick and its data changed. The overview is shared: the
// caller must not change it. An overview that could not be read again is an error.
func (h *Hub) Overview(ctx context.Context) (*overview.Overview, error) {
	done := make(chan struct{})
	select {
	case h.asked <- done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	select {
	case <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.latest.overview == nil || h.latest.failing {
		return nil, ErrUnread
	}
	return h.latest.overview, nil
}

// ErrUnread is what Overview returns while the source fails.
var ErrUnread = errors.New("the overview cannot be read")
