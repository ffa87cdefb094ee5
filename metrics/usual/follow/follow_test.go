package follow_test

import (
	"context"
	"errors"
	"log/slog"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
	"dwell/metrics/usual"
	"dwell/metrics/usual/follow"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

var (
	monday  = time.Date(2026, 3, 16, 10, 0, 0, 0, time.UTC)
	inbound = usual.Series{BCP: 1, Direction: event.Inbound, Measure: usual.Inside}
	queue   = usual.Series{BCP: 1, Measure: usual.Vehicles, Source: "camera", Queue: "cars"}
)

// border is one whose usual number of trucks, and of cars in a queue, is 100, give or take 10.
type border struct {
	store  follow.Store
	now    time.Time
	trucks float64
	learns int
	fails  error
}

func (b *border) LearnUsual(context.Context, time.Time) (map[usual.Series]*usual.Week, error) {
	b.learns++
	w := &usual.Week{Spread: 10}
	for i := range w.Hours {
		w.Hours[i] = usual.Hour{P25: 95, Median: 100, P75: 105, Weeks: 8}
	}
	return map[usual.Series]*usual.Week{inbound: w, queue: w}, b.fails
}

func (b *border) SeeUsual(now time.Time, l *usual.Learned) (map[usual.Series]usual.Seen, error) {
	return map[usual.Series]usual.Seen{inbound: l.See(inbound, now, time.UTC, &b.trucks, true), queue: l.See(queue, now, time.UTC, nil, true)}, b.fails
}

func newBorder(t *testing.T) *border {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{event.CustomsName})
	if err != nil {
		t.Fatal(err)
	}
	server := clickhousetest.Start(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{server.Addr}, server.Database, server.Password
	store, err := clickhouse.Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	return &border{store: store, now: monday, trucks: 100}
}

// process is one of those that show the border.
type process struct {
	follow.Loop
	elected bool
	inForce *usual.InForce
}

func (b *border) process(elected bool) *process {
	p := &process{elected: elected}
	p.Loop = follow.Loop{
		Store: b.store, Source: b, Elected: func() bool { return p.elected }, Put: func(f *usual.InForce) { p.inForce = f },
		Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler),
	}
	return p
}

func (p *process) looks(t *testing.T) *usual.InForce {
	t.Helper()
	if err := p.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p.inForce
}

// A queue rises at ten past ten. At half past it is a spike; the process that saw it is restarted, another one goes on, and the spike is since a quarter past.
func TestASpikeGoesOnInAnotherProcess(t *testing.T) {
	b := newBorder(t)
	one := b.process(true)
	spike := func(p *process, want bool) {
		t.Helper()
		l := p.looks(t).Looked[inbound]
		if l.Spike.Is() != want || want && !l.Spike.Since.Equal(monday.Add(15*time.Minute)) {
			t.Errorf("at %v: %+v, want a spike: %v", b.now, l.Spike, want)
		}
		if q := p.inForce.Looked[queue]; q.X != nil || q.Deviation != nil || q.Median == nil || q.Spike.Is() {
			t.Errorf("at %v the queue that is not known has %+v", b.now, q)
		}
	}
	spike(one, false)
	b.now, b.trucks = monday.Add(10*time.Minute), 140
	spike(one, false)
	b.now = monday.Add(15 * time.Minute)
	spike(one, false)
	b.now = monday.Add(30 * time.Minute)
	spike(one, true)

	spike(b.process(false), true) // one that only shows
	b.now, b.trucks = monday.Add(45*time.Minute), 125
	other := b.process(true)
	spike(other, true)
	b.trucks = 115
	b.now = monday.Add(60 * time.Minute)
	spike(other, true)
	b.now = monday.Add(75 * time.Minute)
	spike(other, false)
	if shown := b.process(false).looks(t).Looked; !reflect.DeepEqual(shown, other.inForce.Looked) {
		t.Errorf("one process shows\n%+v\nthe other\n%+v", shown, other.inForce.Looked)
	}
}

// What was learned is the same in each process, and is learned anew once a day by one of them.
func TestOneProcessLearnsWhatIsUsual(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &border{store: &none{}, now: monday, trucks: 100}
		one, other := b.process(true), b.process(false)
		for _, step := range []struct {
			after  time.Duration
			learns int
		}{{0, 1}, {9 * time.Minute, 1}, {10 * time.Minute, 2}, {20 * time.Minute, 3}, {39 * time.Minute, 3}, {40 * time.Minute, 4}, {24 * time.Hour, 5}, {47 * time.Hour, 5}, {48 * time.Hour, 6}} {
			b.now = monday.Add(step.after)
			time.Sleep(time.Minute) // of the machine's clock
			one.looks(t)
			other.looks(t)
			if b.learns != step.learns {
				t.Errorf("after %v it has learned %d times, want %d", step.after, b.learns, step.learns)
			}
			if !one.inForce.At.Equal(other.inForce.At) || len(other.inForce.Weeks) != 2 {
				t.Errorf("after %v one has what was learned at %v, the other at %v", step.after, one.inForce.At, other.inForce.At)
			}
		}
	})
}

// While the tables cannot be reached, what was known before holds; afterwards it goes on.
func TestWhatIsUsualHoldsWhileTheTablesAreAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &none{}
		b := &border{store: store, now: monday, trucks: 140}
		p := b.process(true)
		p.looks(t)
		b.now = b.now.Add(usual.Every)
		p.looks(t)
		before := p.inForce
		store.away = errors.New("connection refused")
		b.now = b.now.Add(usual.Every)
		time.Sleep(time.Minute)
		if err := p.Look(t.Context()); !errors.Is(err, store.away) || p.inForce != before || !before.Looked[inbound].Spike.Is() {
			t.Errorf("%v, and in force %+v, want %+v", err, p.inForce, before)
		}
		store.away = nil
		if l := p.looks(t).Looked[inbound]; !l.Spike.Is() || !l.At.Equal(b.now) {
			t.Errorf("afterwards %+v", l)
		}
	})
}

// none is a store in memory, for tests in which time passes.
type none struct {
	learned []*usual.Learned
	looked  []map[usual.Series]usual.Looked
	away    error
}

func (n *none) UsualLearned(context.Context, time.Time) (first, last time.Time, err error) {
	if len(n.learned) == 0 || n.away != nil {
		return first, last, n.away
	}
	return n.learned[0].At, n.learned[len(n.learned)-1].At, nil
}

func (n *none) Usual(context.Context, time.Time) (*usual.Learned, error) {
	return n.learned[len(n.learned)-1], n.away
}

func (n *none) WriteUsual(_ context.Context, l *usual.Learned) error {
	n.learned = append(n.learned, l)
	return n.away
}

func (n *none) Deviations(context.Context, time.Time, time.Time) (map[usual.Series]usual.Looked, error) {
	if len(n.looked) == 0 || n.away != nil {
		return nil, n.away
	}
	return n.looked[len(n.looked)-1], nil
}

func (n *none) WriteDeviations(_ context.Context, all map[usual.Series]usual.Looked) error {
	n.looked = append(n.looked, all)
	return n.away
}
