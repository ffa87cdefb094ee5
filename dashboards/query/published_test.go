package query

import (
	"context"
	"encoding/json"
	"hash/fnv"
	"log/slog"
	"maps"
	"math/rand/v2"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace/noop"

	"dwell/deploy/embedded/clickhouse/clickhousetest"
	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/border"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
)

// showing is an observer of the shards of a process that shows them.
type showing struct{ *border.Border }

func (showing) Applied(int, *pipeline.Batch)                               {}
func (showing) Written(context.Context, int, string, int, time.Duration)   {}
func (showing) Flushed(context.Context, int, *engine.Flush, time.Duration) {}
func (showing) Memory(int, int, int)                                       {}
func (showing) Stalled(int, error)                                         {}

func nowhere(context.Context, ...event.DeadLetter) error { return nil }

// country is nine BCPs whose events, late, doubled and retracted, come in three partitions.
type country struct {
	t       *testing.T
	book    *place.Book
	cfg     pipeline.Config
	store   *cuttable
	db      string
	now     time.Time
	arrived [partitions][]event.Record
	done    [partitions]int
}

const partitions = 3

// cuttable is a store from which a process may be cut off when it has written all of a flush but the progress.
type cuttable struct {
	*clickhouse.Store
	off func()
}

func (c *cuttable) WriteProgress(ctx context.Context, id int, f *engine.Flush) error {
	if c.off != nil {
		c.off()
		return ctx.Err()
	}
	return c.Store.WriteProgress(ctx, id, f)
}

func newCountry(t *testing.T, days int) *country {
	t.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: book, From: from, Until: from.AddDate(0, 0, days), Seed: 3,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.01, Cut: 12 * time.Hour},
	})
	if err != nil {
		t.Fatal(err)
	}
	c := &country{t: t, book: book, cfg: pipeline.DefaultConfig(), now: from}
	voc := sim.Vocabulary()
	c.cfg.FlushEvery = 0 // after each batch
	c.cfg.Engine.Vocabulary, c.cfg.Engine.Places = voc, book.Places
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		r := event.NewRecord(voc, em.Event, em.At)
		to := fnv.New32()
		_, _ = to.Write(em.Key)
		for p := range partitions {
			if em.AllPartitions || p == int(to.Sum32()%partitions) {
				r.Offset = int64(len(c.arrived[p]))
				c.arrived[p] = append(c.arrived[p], r)
			}
		}
	}
	server := clickhousetest.Start(t)
	cfg := clickhouse.DefaultConfig()
	cfg.Addresses, cfg.Database = []string{server.Addr}, server.Database
	cfg.Password = server.Password
	store, err := clickhouse.Open(t.Context(), cfg, voc)
	if err != nil {
		t.Fatal(err)
	}
	c.store = &cuttable{Store: store}
	t.Cleanup(func() { _ = c.store.Close() })
	c.db = server.Database
	return c
}

func (c *country) clock() time.Time { return c.now }

// source is one over the tables alone.
func (c *country) source() *Source { return c.sourceOf(border.New(len(c.book.Places))) }

func (c *country) sourceOf(shown *border.Border) *Source {
	return New(c.store.Conn(), c.db, c.book.Places, c.cfg.Engine.Vocabulary, DefaultConfig(), c.clock, shown)
}

// opens has a process that shows this border take a partition over.
func (c *country) opens(p int, shown *border.Border) *pipeline.Shard {
	c.t.Helper()
	s := pipeline.New(c.cfg, p, pipeline.Parts{
		Store: c.store, DeadLetters: nowhere, Observer: showing{shown}, Tracer: noop.NewTracerProvider().Tracer(""),
		Log: slog.New(slog.DiscardHandler), Now: time.Now, Commit: func(context.Context, int64) error { return nil },
	})
	if _, err := s.Open(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	return s
}

// reads has a shard read what has arrived.
func (c *country) reads(ctx context.Context, p int, s *pipeline.Shard) {
	c.t.Helper()
	all := c.arrived[p][c.done[p]:]
	n := 0
	for n < len(all) && all[n].Time <= c.now.UnixMilli() {
		n++
	}
	next := c.done[p] + n
	// The shard is far behind its log, so it waits for its flush.
	err := s.Handle(ctx, all[:n], int64(next), int64(next)+1<<20)
	if err == nil {
		err = s.Write(ctx)
	}
	switch {
	case err == nil:
		c.done[p] = next
	case ctx.Err() == nil:
		c.t.Fatal(err)
	}
}

func (c *country) overview(s *Source) string {
	c.t.Helper()
	if last := s.read.Load(); last != nil { // baselines may be an hour old, and are not what is compared
		again := *last
		again.learned = learning{}
		s.read.Store(&again)
	}
	if err := s.Refresh(c.t.Context()); err != nil {
		c.t.Fatal(err)
	}
	b, err := s.Overview(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	text, err := json.Marshal(b)
	if err != nil {
		c.t.Fatal(err)
	}
	return string(text)
}

// classAt is a class of trucks inside a BCP in one direction.
type classAt struct {
	place, direction int
	class            engine.Class
}

func classesOf(s *Source) map[classAt]int {
	all := map[classAt]int{}
	for b, place := range s.border.Overview().Places {
		for d := range place.Inside {
			for class, n := range place.Inside[d].Classes {
				all[classAt{b, d, class}] = n
			}
		}
	}
	return all
}

// A group gives partitions to this process and takes them away, at times without this process knowing yet. Its overview always
// equals that of a source that reads all of it from the store.
func TestOverviewFromMemoryMatchesTheStore(t *testing.T) {
	c := newCountry(t, 2)
	random := rand.New(rand.NewPCG(5, 6))
	here, elsewhere := border.New(len(c.book.Places)), border.New(len(c.book.Places))
	mine := c.sourceOf(here)
	shards, at := [partitions]*pipeline.Shard{}, [partitions]*border.Border{}
	take := func(p int, by *border.Border) { shards[p], at[p] = c.opens(p, by), by }
	give := func(p int, by *border.Border) {
		if err := shards[p].Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		take(p, by)
	}
	take(0, here)
	take(1, here)
	take(2, elsewhere)
	read := func() {
		for p, s := range shards {
			if s != nil && random.IntN(4) > 0 {
				c.reads(t.Context(), p, s)
			}
		}
	}
	cut := func(p int) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		c.store.off = cancel
		c.reads(ctx, p, shards[p])
		c.store.off, shards[p] = nil, nil
		at[p].Closed(p)
	}
	happenings := []func(){
		func() {},
		func() { give(2, here) },      // all three are here
		func() { give(0, elsewhere) }, // as the group says
		func() { take(1, elsewhere) }, // it was frozen, and does not know yet that the partition is another's
		func() { give(2, elsewhere) },
		func() { take(1, here) }, // and has it again
		func() { give(0, here) },
		func() { cut(1) }, // the power is off in the middle of a flush
		func() { take(1, here) },
	}
	inspected := 0           // classes of trucks that several agencies have inspected
	counted := map[int]int{} // overviews by how many shards were counted here
	end := c.now.AddDate(0, 0, 2)
	c.now = c.now.Add(27 * time.Hour) // memory has let go of the first hours
	for i := 0; c.now.Before(end); i++ {
		c.now = c.now.Add(time.Duration(20+random.IntN(120)) * time.Minute)
		happenings[i%len(happenings)]()
		read()
		stored := c.source()
		is, should := c.overview(mine), c.overview(stored)
		if is != should {
			t.Fatalf("%s, shards at %v:\n%s\nof a source that reads the store:\n%s", c.now, c.done, is, should)
		}
		classes := classesOf(mine)
		if want := classesOf(stored); !maps.Equal(classes, want) {
			t.Fatalf("%s, shards at %v: trucks by class %v, of a source that reads the store %v", c.now, c.done, classes, want)
		}
		for at := range classes {
			if at.class.Result != event.NoResult && at.class.Done.Len() > 1 {
				inspected++
			}
		}
		counted[partitions-len(mine.stored.shards)]++
	}
	if inspected == 0 {
		t.Error("no truck has been inspected by two agencies")
	}
	for n := range partitions + 1 {
		if counted[n] == 0 {
			t.Errorf("no overview has %d of %d shards counted here: %v", n, partitions, counted)
		}
	}
}
