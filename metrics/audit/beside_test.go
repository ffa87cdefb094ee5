package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/audit"
	"dwell/metrics/engine"
)

// arrive logs that trucks arrive at Torkham, one a minute.
func (b *border) arrive(first, n int) {
	for i := first; i < first+n; i++ {
		at := time.Date(2026, 1, 5, 9, 31+i, 0, 0, time.UTC).UnixMilli()
		b.log(0, &event.Event{
			Type: event.TruckArrived, ID: fmt.Appendf(nil, "later-%d", i), Source: []byte("post"), Subject: fmt.Appendf(nil, "L%d", i),
			BCP: 1, Direction: event.Inbound, Time: at, Recorded: at,
		})
	}
}

// flushUpTo writes a flush of the first shard in its order, and stops before a step: windows, visits, inside_now, progress.
func (b *border) flushUpTo(o engine.Owner, stop string) {
	b.t.Helper()
	ctx := b.t.Context()
	f := b.shards[0].Flush(b.next[0])
	for _, step := range []struct {
		name string
		do   func() error
	}{
		{"raw", func() error { return b.store.WriteRaw(ctx, 0, &b.raw[0]) }},
		{"announcement", func() error { return b.store.AnnounceFlush(ctx, 0, o, f.AsOf) }},
		{"windows", func() error { return b.store.WriteWindows(ctx, 0, f.Windows.All()) }},
		{"visits", func() error { return b.store.WriteVisits(ctx, 0, f.Visits.Chunks) }},
		{"inside_now", func() error { return b.store.WriteInside(ctx, 0, f.Inside) }},
		{"progress", func() error { return b.store.WriteProgress(ctx, 0, f) }},
	} {
		if step.name == stop {
			break
		}
		if err := step.do(); err != nil {
			b.t.Error(err)
		}
	}
	b.raw[0].Reset()
}

func (b *border) acquire() engine.Owner {
	b.t.Helper()
	o, _, err := b.store.AcquireEpoch(b.t.Context(), 0)
	if err != nil {
		b.t.Fatal(err)
	}
	return o
}

// A flush stops in the middle, and no instance finishes it: what it has written is left out and counted, and all else is
// compared as of the offset before it.
func TestRowsOfAFlushInProgressAreLeftOutAndCounted(t *testing.T) {
	for _, stop := range []string{"windows", "visits", "inside_now", "progress"} {
		t.Run("before "+stop, func(t *testing.T) {
			b := day(t)
			o, before := b.acquire(), b.next[0]
			b.arrive(0, 10)
			b.flushUpTo(o, stop)
			r, out := b.audit(func(c *audit.Config) { c.Tries = 2 })
			if r.Differences != 0 || r.Visits != 5 || (r.MovedOn == 0) != (stop == "windows") {
				t.Errorf("%+v\n%s", r, out)
			}
			for _, want := range []string{fmt.Sprintf("by shard: 0: %d, 1: 0\n", before), fmt.Sprintf("moved on, not compared: %d\n", r.MovedOn)} {
				if !strings.Contains(out, want) {
					t.Errorf("want %q, printed\n%s", want, out)
				}
			}
		})
	}
}

// A flush is in progress when the audit begins, and ends a little later: nothing is left out.
func TestAuditWaitsForTheEndOfAFlush(t *testing.T) {
	b := day(t)
	o := b.acquire()
	b.arrive(0, 10)
	f := b.shards[0].Flush(b.next[0])
	ctx := t.Context()
	for _, err := range []error{
		b.store.WriteRaw(ctx, 0, &b.raw[0]), b.store.AnnounceFlush(ctx, 0, o, f.AsOf), b.store.WriteWindows(ctx, 0, f.Windows.All()),
		b.store.WriteVisits(ctx, 0, f.Visits.Chunks), b.store.WriteInside(ctx, 0, f.Inside),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	looked := make(chan struct{})
	var once sync.Once
	var done sync.WaitGroup
	done.Go(func() {
		<-looked
		if err := b.store.WriteProgress(context.WithoutCancel(ctx), 0, f); err != nil {
			t.Error(err)
		}
	})
	cfg := audit.Config{
		Database: b.cfg.Database, Places: places, Tries: 1 << 30,
		Waiting: func() { once.Do(func() { close(looked) }) },
	}
	var out bytes.Buffer
	r, err := audit.Run(ctx, b.store.Conn(), cfg, &out)
	done.Wait()
	if err != nil || r.Differences != 0 || r.MovedOn != 0 || r.Visits != 15 {
		t.Errorf("%+v, %v\n%s", r, err, &out)
	}
}

// No flush writes a row above the progress without announcing it, so such a row is wrong.
func TestUnannouncedRowAheadOfProgressIsADifference(t *testing.T) {
	b := day(t)
	b.acquire()
	b.exec("INSERT INTO visits SELECT * REPLACE (as_of + 1000 AS as_of, 'inside' AS status) FROM visits FINAL WHERE visit = 'T1'")
	if r, out := b.audit(nil); r.Differences != 1 || !strings.Contains(out, `visit T1: status: engine "inside", audit "departed"`) {
		t.Errorf("%+v\n%s", r, out)
	}
}

// A shard keeps writing while it is audited, and one row of a visit that is over is wrong: the audit finds that, and
// nothing else.
func TestDifferenceIsFoundWhileTheShardIsWriting(t *testing.T) {
	b := day(t)
	o := b.acquire()
	b.exec("INSERT INTO visits SELECT * REPLACE (released + INTERVAL 1 MILLISECOND AS released) FROM visits FINAL WHERE visit = 'T1'")
	ctx, stop := context.WithCancel(t.Context())
	first := make(chan struct{})
	var writing sync.WaitGroup
	writing.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			b.arrive(i, 1)
			b.flushUpTo(o, "")
			if i == 3 {
				close(first)
			}
		}
	})
	<-first
	for range 2 {
		r, out := b.audit(func(c *audit.Config) { c.Tries = 3 })
		if r.Differences != 1 || !strings.Contains(out, `visit T1: released: engine "2026-01-05 09:10:00.001", audit "2026-01-05 09:10:00.000"`) {
			t.Errorf("%+v\n%s", r, out)
		}
	}
	stop()
	writing.Wait()
	if r, out := b.audit(nil); r.Differences != 1 || r.MovedOn != 0 {
		t.Errorf("when nothing writes: %+v\n%s", r, out)
	}
}
