package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"dwell/dashboards/overview"
)

// store is a source that the test changes by hand.
type store struct {
	mu      sync.Mutex
	changed chan struct{}
	trucks  map[string]int64
	hours   []overview.Hour
	health  overview.Health
	err     error
	reads   int
}

func newStore() *store { return &store{changed: make(chan struct{}), trucks: map[string]int64{}} }

func (s *store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

// change wakes the hub. The caller holds mu.
func (s *store) change() {
	close(s.changed)
	s.changed = make(chan struct{})
}

func (s *store) Overview(context.Context) (*overview.Overview, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reads++
	b := &overview.Overview{Time: time.Now(), TrendHours: 24, Health: s.health, Places: []overview.Place{}}
	for _, id := range []string{"A", "B"} {
		trucks := s.trucks[id]
		b.Places = append(b.Places, overview.Place{PlaceDocument: overview.PlaceDocument{ID: id}, Inside: overview.Inside{Known: overview.Known{Trucks: &trucks}}, Trend: s.hours})
	}
	return b, s.err
}

func (s *store) set(id string, trucks int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trucks[id] = trucks
	s.change()
}

// message is a frame as a viewer reads it.
type message struct {
	Kind     string
	Stream   string
	Number   uint64
	Source   string
	Since    uint64
	Overview *overview.Overview
	overview.Health
	Places []map[string]json.RawMessage
}

func read(t *testing.T, f *Frame, err error) (m message) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(f.JSON, &m); err != nil {
		t.Fatal(err)
	}
	return m
}

func next(t *testing.T, v *Viewer) message {
	t.Helper()
	f, err := v.Next(t.Context())
	return read(t, f, err)
}

// play runs a story with a hub whose clock is the test's.
func play(t *testing.T, cfg Config, story func(t *testing.T, s *store, h *Hub)) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := New(s, cfg, 1000, "one", slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- h.Run(ctx) }()
		story(t, s, h)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestEveryFrameSaysWhatIsAway(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		v := h.Watch(0, "")
		defer v.Close()
		next(t, v)
		since := time.Now()
		away := overview.Health{Outages: []overview.Outage{{Part: overview.Kafka, Since: since}}, DamagedTables: []overview.DamagedTable{}, StandsSince: &since}
		for _, want := range []overview.Health{away, {Outages: []overview.Outage{}, DamagedTables: []overview.DamagedTable{}}} {
			s.mu.Lock()
			s.health = want
			s.change()
			s.mu.Unlock()
			if m := next(t, v); m.Kind != "changes" || !m.Health.Equal(want) {
				t.Errorf("a frame of kind %s says %+v, want %+v", m.Kind, m.Health, want)
			}
		}
		s.mu.Lock()
		s.health = away
		s.change()
		s.mu.Unlock()
		late := h.Watch(0, "")
		defer late.Close()
		next(t, v)
		if m := next(t, late); m.Overview == nil || !m.Overview.Health.Equal(away) {
			t.Errorf("a snapshot is %+v", m)
		}
	})
}

func TestNothingIsReadWithoutViewers(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		for range 100 {
			s.set("A", 1)
			time.Sleep(time.Second)
		}
		if s.reads != 0 {
			t.Errorf("%d reads", s.reads)
		}
		v := h.Watch(0, "")
		defer v.Close()
		next(t, v)
		time.Sleep(5 * time.Second) // nothing changes
		if s.reads != 1 {
			t.Errorf("%d reads", s.reads)
		}
	})
}

func TestViewerGetsASnapshotThenChanges(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		s.set("A", 5)
		v := h.Watch(0, "")
		defer v.Close()
		m := next(t, v)
		if m.Kind != "snapshot" || len(m.Overview.Places) != 2 || *m.Overview.Places[0].Inside.Trucks != 5 || m.Stream != "one" {
			t.Fatalf("%+v", m)
		}
		s.set("B", 7)
		c := next(t, v)
		if c.Kind != "changes" || c.Since != m.Number || c.Number != m.Number+1 || len(c.Places) != 1 {
			t.Fatalf("%+v", c)
		}
		if got := fmt.Sprintf("%s", c.Places[0]); string(c.Places[0]["id"]) != `"B"` || len(c.Places[0]) != 2 {
			t.Errorf("changes of B: %s", got)
		}
	})
}

func TestOnlyChangedHoursOfATrendAreSent(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		start := time.Now().Truncate(time.Hour)
		s.hours = []overview.Hour{{Start: start}, {Start: start.Add(time.Hour)}}
		v := h.Watch(0, "")
		defer v.Close()
		next(t, v)
		s.mu.Lock()
		n := int64(3)
		s.hours = []overview.Hour{s.hours[0], {Start: start.Add(time.Hour), N: &n}}
		s.change()
		s.mu.Unlock()
		m := next(t, v)
		var hours []overview.Hour
		if err := json.Unmarshal(m.Places[0]["trend"], &hours); err != nil {
			t.Fatal(err)
		}
		if len(hours) != 1 || *hours[0].N != 3 {
			t.Errorf("hours %+v", hours)
		}
	})
}

func TestLaggingViewerGetsOneFrameWithTheLatestState(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		fast, slow := h.Watch(0, ""), h.Watch(0, "")
		defer fast.Close()
		defer slow.Close()
		first := next(t, slow)
		next(t, fast)
		for i := range int64(5) {
			s.set("A", i)
			s.set("B", 10*i)
			next(t, fast)
		}
		m := next(t, slow)
		if m.Kind != "changes" || m.Since != first.Number || m.Number != first.Number+5 || len(m.Places) != 2 {
			t.Fatalf("%+v", m)
		}
		var in overview.Inside
		if err := json.Unmarshal(m.Places[1]["inside"], &in); err != nil || *in.Trucks != 40 {
			t.Errorf("inside B %v, %v", in.Trucks, err)
		}
	})
}

func TestViewerResumesByNumber(t *testing.T) {
	cfg := DefaultConfig()
	cfg.Remember = 3
	play(t, cfg, func(t *testing.T, s *store, h *Hub) {
		v := h.Watch(0, "")
		defer v.Close()
		numbers := []uint64{next(t, v).Number}
		for i := range int64(5) {
			s.set("A", i)
			numbers = append(numbers, next(t, v).Number)
		}
		last := numbers[5]
		for _, c := range []struct {
			name   string
			from   uint64
			stream string
			kind   string
		}{
			{"a number that is remembered", numbers[3], "one", "changes"},
			{"the oldest number that is remembered", numbers[2], "", "changes"},
			{"a number no longer remembered", numbers[1], "one", "snapshot"},
			{"a number of another stream", numbers[3], "other", "snapshot"},
			{"a number not yet given", last + 10, "one", "snapshot"},
			{"no number", 0, "", "snapshot"},
		} {
			again := h.Watch(c.from, c.stream)
			m := next(t, again)
			again.Close()
			if m.Kind != c.kind || m.Number != last {
				t.Errorf("%s: %s to %d, want %s to %d", c.name, m.Kind, m.Number, c.kind, last)
			}
		}
	})
}

func TestUnchangedOverviewIsSentAgainAtMaxAge(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, _ *store, h *Hub) {
		v := h.Watch(0, "")
		defer v.Close()
		next(t, v)
		from := time.Now()
		m := next(t, v)
		if took := time.Since(from); took < 9*time.Second || took > 11*time.Second || len(m.Places) != 0 {
			t.Errorf("after %v: %+v", took, m)
		}
	})
}

func TestFailingStoreIsShownAtEveryMaxAgeUntilItRecovers(t *testing.T) {
	cfg := DefaultConfig()
	play(t, cfg, func(t *testing.T, s *store, h *Hub) {
		v := h.Watch(0, "")
		defer v.Close()
		next(t, v)
		s.mu.Lock()
		s.err = errors.New("away")
		s.change()
		s.mu.Unlock()
		if m := next(t, v); m.Source != "failing" || m.Kind != "changes" {
			t.Fatalf("%+v", m)
		}
		if _, err := h.Overview(t.Context()); !errors.Is(err, ErrUnread) {
			t.Errorf("the overview: %v", err)
		}
		for range 3 { // a page would take a longer pause for a lost connection
			begin := time.Now()
			if m := next(t, v); m.Source != "failing" || m.Kind != "changes" || len(m.Places) > 0 {
				t.Errorf("%+v", m)
			}
			if took := time.Since(begin); took < cfg.MaxAge-cfg.Tick || took > cfg.MaxAge+cfg.Tick {
				t.Errorf("shown again after %v", took)
			}
		}
		s.mu.Lock()
		s.err = nil
		s.mu.Unlock()
		if m := next(t, v); m.Source != "ok" {
			t.Fatalf("%+v", m)
		}
		if n := testutil.ToFloat64(h.metrics.failures); n < 100 {
			t.Errorf("%v failures are counted", n)
		}
	})
}

func TestOverviewIsReadOnDemand(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		time.Sleep(time.Minute)
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if b, err := h.Overview(t.Context()); err != nil || len(b.Places) != 2 {
					t.Errorf("%v %v", b, err)
				}
			})
		}
		all.Wait()
		if s.reads > 2 {
			t.Errorf("%d reads for 50 requests at once", s.reads)
		}
	})
}

func TestViewersEndWithErrStoppedWhenTheHubStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore()
		h := New(s, DefaultConfig(), 1, "one", slog.New(slog.DiscardHandler), prometheus.NewRegistry())
		ctx, cancel := context.WithCancel(t.Context())
		go func() { _ = h.Run(ctx) }()
		v := h.Watch(0, "")
		next(t, v)
		cancel()
		if _, err := v.Next(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("%v", err)
		}
	})
}

func TestStoreThatFailsFromTheStartIsShownWithoutAnOverview(t *testing.T) {
	play(t, DefaultConfig(), func(t *testing.T, s *store, h *Hub) {
		s.mu.Lock()
		s.err = errors.New("away")
		s.change()
		s.mu.Unlock()
		v := h.Watch(0, "")
		defer v.Close()
		for range 2 {
			if m := next(t, v); m.Source != "failing" || m.Kind != "snapshot" || m.Overview != nil {
				t.Errorf("%+v", m)
			}
		}
	})
}

func TestPauseBetweenFramesThatPagesTakeForALossIsRefused(t *testing.T) {
	cfg := DefaultConfig()
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	cfg.MaxAge = time.Minute
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "hub.max_age: 1m0s") {
		t.Errorf("%v", err)
	}
	page, err := os.ReadFile("../web/static/live.js")
	if want := fmt.Sprintf("const frameTimeout = %d_000;", int(frameTimeout.Seconds())); err != nil || !strings.Contains(string(page), want) {
		t.Errorf("live.js lacks %q (%v)", want, err)
	}
}
