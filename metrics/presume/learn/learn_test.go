package learn_test

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"testing"
	"time"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/clickhouse"
	"dwell/metrics/hours"
	"dwell/metrics/presume"
	"dwell/metrics/presume/learn"
	"dwell/metrics/visit"
)

func TestMain(m *testing.M) { clickhousetest.Main(m) }

// border is a simulated border whose tables have what was known at one instant.
type border struct {
	store *clickhouse.Store
	voc   *event.Vocabulary
	book  *place.Book
	hours hoursOf
	asOf  int64
	facts []fact
	now   time.Time
}

// fact is one about a visit.
type fact struct {
	of visit.Key
	visit.Fact
}

type hoursOf []*hours.Hours // by event.BCP

func (h hoursOf) Closed(b event.BCP, d event.Direction, from, to visit.Time) int64 {
	return h[b].Closed(d, from, to)
}

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func newBorder(t *testing.T, days int) *border {
	t.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simulator.New(simulator.Config{Places: book, From: monday, Until: monday.AddDate(0, 0, days), Seed: 7})
	if err != nil {
		t.Fatal(err)
	}
	b := &border{voc: sim.Vocabulary(), book: book, hours: hoursOf{nil}}
	for i := range book.Places {
		b.hours = append(b.hours, hours.New(book.Places[i].Calendar, book.Places[i].Zone))
	}
	for e, ok := sim.Next(); ok; e, ok = sim.Next() {
		switch {
		case hours.Concerns(e.Event):
			b.hours[e.Event.BCP].Apply(e.Event)
		case e.Event.Type.OfVisit():
			b.facts = append(b.facts, fact{visit.Key{BCP: e.Event.BCP, ID: string(e.Event.Subject)}, visit.NewFact(e.Event)})
		}
	}
	server := clickhousetest.Start(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database, cfg.Password = []string{server.Addr}, server.Database, server.Password
	if b.store, err = clickhouse.Open(t.Context(), cfg, b.voc); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.store.Close() })
	return b
}

// until has the tables know what had happened by an instant, which is now.
func (b *border) until(t *testing.T, now time.Time) {
	t.Helper()
	b.now = now
	b.asOf++
	visits := map[visit.Key]*visit.Visit{}
	for _, f := range b.facts {
		if f.Time > now.UnixMilli() {
			continue
		}
		if visits[f.of] == nil {
			visits[f.of] = visit.New(f.of.BCP)
		}
		visits[f.of].Apply(f.Fact)
	}
	rules := visit.RulesOf(b.voc)
	rules.Hours = b.hours
	var rows []visit.Row
	for k, v := range visits {
		r := visit.Row{Key: k, Month: 202601, AsOf: b.asOf, Lapsed: visit.None, Facts: v.AppendFacts(nil, b.voc)}
		rules.Derive(v, &r.State)
		r.State = r.State.Summary()
		r.Over = r.State.Departed != visit.None
		rows = append(rows, r)
	}
	if err := b.store.WriteVisits(t.Context(), 0, func(most int) iter.Seq[[]visit.Row] { return slices.Chunk(rows, most) }); err != nil {
		t.Fatal(err)
	}
}

// process is one of those that show the border.
type process struct {
	*learn.Loop
	inForce []*presume.InForce
}

func (b *border) process(elected bool) *process {
	p := &process{}
	p.Loop = &learn.Loop{
		Store: b.store, Vocabulary: b.voc, Hours: func() visit.Hours { return b.hours }, Elected: func() bool { return elected },
		Put: func(f *presume.InForce) { p.inForce = append(p.inForce, f) }, Now: func() time.Time { return b.now }, Log: slog.New(slog.DiscardHandler),
	}
	return p
}

// looks has a process look, and returns how many versions it has put in force since it began.
func (p *process) looks(t *testing.T) int {
	t.Helper()
	if err := p.Look(t.Context()); err != nil {
		t.Fatal(err)
	}
	return len(p.inForce)
}

func (p *process) last() *presume.InForce { return p.inForce[len(p.inForce)-1] }

// Two processes show nine border crossings. One of them learns when ten days of history have been counted, again ten minutes later and then ever
// more rarely; the other one, and one that begins later, have the same. After four more days it is known how often the trucks had the
// presumed holder.
func TestOneProcessLearnsAndAllHaveIt(t *testing.T) {
	b := newBorder(t, 14)
	one, other := b.process(true), b.process(false)
	b.now = monday
	if one.looks(t) != 0 || other.looks(t) != 0 {
		t.Fatal("something is learned of nothing")
	}
	b.until(t, monday.AddDate(0, 0, 10))
	learned := []time.Time{b.now}
	looks := func(after time.Duration, want int) {
		t.Helper()
		b.now = learned[0].Add(after)
		if was := len(learned); want > was {
			learned = append(learned, b.now)
		}
		if n := one.looks(t); n != want {
			t.Errorf("after %v %d versions, want %d", after, n, want)
		}
		if n := other.looks(t); n > want || !other.last().Learned.Equal(learned[want-1]) {
			t.Errorf("after %v the other process has %d versions, the last of %v, want %v", after, n, other.last().Learned, learned[want-1])
		}
	}
	looks(0, 1)
	looks(9*time.Minute, 1)
	looks(10*time.Minute, 2)
	looks(19*time.Minute, 2)
	looks(20*time.Minute, 3) // ten minutes after the last
	looks(39*time.Minute, 3)
	looks(40*time.Minute, 4)
	for _, r := range one.last().Records {
		if r.Visits != 0 {
			t.Errorf("nobody has departed since, and there is a record: %+v", r)
		}
	}

	b.until(t, monday.AddDate(0, 0, 14))
	looks(96*time.Hour, 5)
	again := b.process(false)
	if again.looks(t) != 1 {
		t.Fatal("a process that begins later has nothing")
	}
	for at := range b.book.Places {
		r := one.last().Records[event.BCP(1+at)]
		if r.Visits < 100 || float64(r.RightMs) < 0.79*float64(r.Ms+r.UnknownMs) || r.Ms+r.UnknownMs < int64(r.Visits)*60_000 {
			t.Errorf("%s: %+v", b.book.Places[at].ID, r)
		}
		if is := again.last().Records[event.BCP(1+at)]; is != r {
			t.Errorf("%s: a process that begins later has the record %+v, want %+v", b.book.Places[at].ID, is, r)
		}
	}
	looks(119*time.Hour, 5)
	looks(120*time.Hour, 6)

	// The clock is an hour behind what was learned last, as after it had been ahead: what was learned until then holds, and is learned anew once
	// a day has passed.
	b.now = learned[0].Add(119 * time.Hour)
	one.looks(t)
	if !one.last().Learned.Equal(learned[4]) {
		t.Errorf("what was learned at %v is in force at %v", one.last().Learned, b.now)
	}
	n := one.looks(t)
	if b.now = b.now.Add(time.Minute); one.looks(t) != n {
		t.Error("a clock that was ahead makes it learn every minute")
	}
}

// ClickHouse is away for a while: what was learned before holds.
func TestOutageKeepsWhatWasLearned(t *testing.T) {
	b := newBorder(t, 3)
	p := b.process(true)
	b.until(t, monday.AddDate(0, 0, 3))
	p.looks(t)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	b.now = b.now.Add(time.Hour)
	if err := p.Look(gone); !errors.Is(err, context.Canceled) || len(p.inForce) != 1 {
		t.Errorf("%v, %d versions", err, len(p.inForce))
	}
	if p.looks(t) != 2 {
		t.Error("nothing is learned after the outage")
	}
}
