package engine

import (
	"errors"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// bcpDirection is a BCP in one direction.
type bcpDirection struct {
	bcp       event.BCP
	direction event.Direction
}

// border is a shard that several instances own at once, as they believe, with the tables that they all write.
type border struct {
	t *rapid.T
	*tables
	cfg     Config
	log     []event.Event
	offsets []int64 // of the events, with gaps
	inside  map[bcpDirection]Inside
	owners  []*instance
}

// instance is one of them. Its flush is written step by step; in between it applies events, and others do something.
type instance struct {
	*border
	state *State
	owner int
	next  int64
	// steps of the flush that is being written. One that returns false was the last.
	steps []func() bool
	// cut is the step before which something happens to the instance; 0 is none.
	cut   int
	ended bool
}

func newBorder(t *rapid.T, cfg Config, log []event.Event, offsets []int64, kept ...Retention) *border {
	b := &border{t: t, tables: newRun(cfg, kept...).tables, cfg: cfg, log: log, offsets: offsets, inside: map[bcpDirection]Inside{}}
	b.announced = nil
	return b
}

func (b *border) must(err error) {
	if err != nil {
		b.t.Fatalf("%v", err)
	}
}

// meanwhile lets some instances continue to write.
func (b *border) meanwhile() {
	for range rapid.IntRange(0, 3).Draw(b.t, "meanwhile") {
		var writing []*instance
		for _, in := range b.owners {
			if len(in.steps) > 0 {
				writing = append(writing, in)
			}
		}
		if len(writing) == 0 {
			return
		}
		writing[rapid.IntRange(0, len(writing)-1).Draw(b.t, "instance")].write(rapid.IntRange(1, 60).Draw(b.t, "rows"))
	}
}

// open acquires an epoch of the shard and recovers it, while others write.
func (b *border) open() {
	b.announced = append(b.announced, 0)
	in := &instance{border: b, state: New(b.cfg), owner: len(b.announced) - 1}
	b.meanwhile()
	announced := slices.Clone(b.announced)
	b.meanwhile()
	var p Progress
	if b.progress != nil {
		p = *b.progress
	}
	in.next = p.Offset
	in.state.Resume(p)
	for _, r := range b.kept {
		in.state.Retain(r)
	}
	for _, asOf := range announced {
		in.state.Announced(asOf)
	}
	b.meanwhile()
	for at, row := range b.inside {
		in.state.RestoreLastEvents(LastEvents{at.bcp, at.direction, row.LastEvent, row.LastTruckEvent})
	}
	for i := range b.log {
		if b.offsets[i] < p.Offset {
			in.state.RestoreHours(&b.log[i])
		}
	}
	b.meanwhile()
	for k, row := range b.visits {
		if !row.Over || row.State.Last > in.state.Horizon() || row.AsOf > p.Offset {
			b.must(in.state.RestoreVisit(&row))
		} else {
			in.state.Stored(k)
		}
	}
	b.meanwhile()
	for k, row := range b.windows {
		if endOf(b.cfg, k) > in.state.Horizon() || row.AsOf > p.Offset {
			row := cloned(row)
			b.must(in.state.RestoreWindow(&row))
		}
	}
	in.state.Resumed()
	b.owners = append(b.owners, in)
}

// write writes up to n steps.
func (in *instance) write(n int) {
	for ; n > 0 && len(in.steps) > 0; n-- {
		step := in.steps[0]
		in.steps = in.steps[1:]
		if !step() {
			in.steps, in.ended = nil, true
		}
	}
}

// finish writes the rest of the flush, as the pipeline does before it reads a row.
func (in *instance) finish() error {
	in.write(1 << 30)
	if in.ended {
		return ErrFenced
	}
	return nil
}

// apply applies up to n events as the pipeline does: the visits of all are found before the first is applied.
func (in *instance) apply(n int) error {
	at, _ := slices.BinarySearch(in.offsets, in.next)
	end := min(len(in.log), at+n)
	var found []Found
	tooOld := map[int]bool{}
	if during := in.state.Overlapped(in.log[at:end]); len(during) > 0 {
		if err := in.finish(); err != nil {
			return err
		}
		for _, row := range in.visits {
			if overDuring(&row, during) {
				if err := in.state.RestoreVisit(&row); err != nil {
					return err
				}
			}
		}
	}
	for i := at; i < end; i++ {
		e := &in.log[i]
		if tooOld[i] = in.state.TooOld(in.offsets[i], e.Time, e); tooOld[i] {
			found = append(found, Found{})
			continue
		}
		visit, absent := in.state.Find(e)
		found = append(found, visit)
		if !absent {
			continue
		}
		if err := in.finish(); err != nil {
			return err
		}
		if row, ok := in.visits[visitOf(e)]; ok {
			if err := in.state.RestoreVisit(&row); err != nil {
				return err
			}
		}
	}
	for i := at; i < end; i++ {
		e := &in.log[i]
		if in.next = in.offsets[i] + 1; tooOld[i] || in.state.Admit(in.offsets[i], e.Time, e, found[i-at]) != nil {
			continue
		}
		in.state.Apply(in.offsets[i], e, found[i-at])
	}
	if end < len(in.log) { // somewhere in the gap before the next event
		in.next = max(in.next, rapid.Int64Range(in.next, in.offsets[end]).Draw(in.t, "next"))
	}
	return nil
}

// flush makes the steps of a flush.
func (in *instance) flush() error {
	b := in.border
	for _, k := range in.state.Missing() {
		if row, ok := b.windows[k]; ok {
			row := cloned(row)
			if err := in.state.RestoreWindow(&row); err != nil {
				return err
			}
		}
	}
	f := *in.state.Flush(in.next)
	step := func(do func()) {
		in.steps = append(in.steps, func() bool {
			do()
			return true
		})
	}
	for _, r := range f.Restatements {
		r.Bins, r.NetBins = slices.Clone(r.Bins), slices.Clone(r.NetBins)
		step(func() { b.writeRestatement(r) })
	}
	step(func() { b.announced[in.owner] = f.AsOf })
	in.steps = append(in.steps, func() bool { return in.owner == len(b.announced)-1 })
	for row := range f.Windows.All() {
		r := cloned(*row)
		step(func() { b.writeWindow(r) })
	}
	copies := tables{visits: map[visit.Key]visit.Row{}}
	for rows := range f.Visits.Chunks(3) {
		for _, r := range rows {
			copies.writeVisit(r)
		}
	}
	in.cut = 0
	if rapid.IntRange(0, 2).Draw(b.t, "something happens while visits are written") == 0 {
		in.cut = len(in.steps) + rapid.IntRange(0, len(copies.visits)).Draw(b.t, "before visit")
	}
	for _, r := range copies.visits {
		step(func() { b.writeVisit(r) })
	}
	for _, r := range f.Inside {
		r.Classes = maps.Clone(r.Classes)
		step(func() {
			if old, ok := b.inside[bcpDirection{r.BCP, r.Direction}]; !ok || r.AsOf >= old.AsOf {
				b.inside[bcpDirection{r.BCP, r.Direction}] = r
			}
		})
	}
	step(func() { b.writeProgress(&f) })
	return nil
}

// act lets an instance do the next thing.
func (in *instance) act() {
	t := in.t
	switch {
	case len(in.steps) > 0 && in.cut > 0:
		in.write(in.cut)
		in.cut = 0
		switch rapid.IntRange(0, 2).Draw(t, "then") {
		case 0:
			in.steps, in.ended = nil, true
		case 1:
			in.open()
		}
	case len(in.steps) > 0 && rapid.IntRange(0, 2).Draw(t, "applies events meanwhile") == 0:
		in.work(false)
	case len(in.steps) > 0:
		in.write(rapid.SampledFrom([]int{1, 5, 20, 60, 1000}).Draw(t, "rows"))
	default:
		in.work(rapid.IntRange(0, 2).Draw(t, "flushes") > 0)
	}
}

// work applies some events, and flushes.
func (in *instance) work(flushes bool) {
	err := in.apply(rapid.IntRange(1, 60).Draw(in.t, "batch"))
	if err == nil && flushes && in.next >= in.state.FlushFrom() {
		err = in.flush()
	}
	if in.ended = errors.Is(err, ErrFenced); !in.ended {
		in.must(err)
	}
}

// living drops the instances that have ended, and returns the last owner if it lives.
func (b *border) living() *instance {
	b.owners = slices.DeleteFunc(b.owners, func(in *instance) bool { return in.ended })
	if n := len(b.owners); n > 0 && b.owners[n-1].owner == len(b.announced)-1 {
		return b.owners[n-1]
	}
	return nil
}

// TestCompetingOwnersWriteTheSameRowsAsOne lets up to four instances own a shard at once, as they believe: they acquire an epoch
// while others write, freeze and continue, die in the middle of a write, and are fenced. In the end the tables have what a
// single instance would have written.
func TestCompetingOwnersWriteTheSameRowsAsOne(t *testing.T) {
	cfg := testConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		log := anyLog(cfg).Draw(t, "log")
		offsets := make([]int64, len(log))
		at := int64(rapid.IntRange(0, 3).Draw(t, "first offset"))
		for i := range offsets {
			offsets[i] = at
			at += int64(rapid.SampledFrom([]int{1, 1, 1, 2, 4, 700, 12_000}).Draw(t, "gap"))
		}
		end := offsets[len(offsets)-1] + 1
		var kept []Retention
		if rapid.Bool().Draw(t, "visits are kept for twelve hours") {
			kept = append(kept, Retention{Visits: 12 * time.Hour, VisitsSince: never, EventsSince: never})
		}
		b := newBorder(t, cfg, log, offsets, kept...)
		for range rapid.IntRange(5, 120).Draw(t, "steps") {
			b.living()
			if len(b.owners) == 0 || len(b.owners) < 4 && rapid.IntRange(0, 6).Draw(t, "opens") == 0 {
				b.open()
				continue
			}
			in := b.owners[rapid.IntRange(0, len(b.owners)-1).Draw(t, "acts")]
			if rapid.IntRange(0, 9).Draw(t, "dies") == 0 {
				in.ended = true
				continue
			}
			in.act()
		}
		for b.progress == nil || b.progress.Offset < end {
			if last := b.living(); last == nil {
				b.open()
			} else if rapid.IntRange(0, 4).Draw(t, "others") == 0 {
				b.meanwhile()
			} else {
				last.act()
			}
		}
		for _, in := range b.owners {
			in.write(1 << 30)
		}

		one := newBorder(t, cfg, log, offsets, kept...)
		one.open()
		b.must(one.owners[0].apply(len(log)))
		b.must(one.owners[0].flush())
		one.owners[0].write(1 << 30)
		compare(t, cfg, b.windows, wantAt(cfg, log, offsets, kept...))
		if !reflect.DeepEqual(b.restated, one.restated) {
			t.Fatalf("restatements %+v, of a single instance %+v", b.restated, one.restated)
		}
		for k, want := range one.visits {
			if lastOfRow(want) < oldestAt(cfg, kept, end, one.progress.Latest).of {
				continue // it is absent
			}
			is := b.visits[k]
			is.AsOf, want.AsOf = 0, 0
			if !reflect.DeepEqual(is, want) {
				t.Fatalf("visit %+v: %+v, of a single instance %+v", k, is, want)
			}
		}
		for at, want := range one.inside {
			is := b.inside[at]
			is.AsOf, want.AsOf = 0, 0
			if !reflect.DeepEqual(is, want) {
				t.Fatalf("inside %+v: %+v, of a single instance %+v", at, is, want)
			}
		}
	})
}
