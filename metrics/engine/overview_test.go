package engine

import (
	"cmp"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// shown is an overview in a form that two can be compared in: without hours in which nothing is left.
type shown struct {
	inside map[bcpDirection]Occupancy
	hours  map[hourOf]window.HourSum
}

func shownIn(o *Overview) shown {
	all := shown{map[bcpDirection]Occupancy{}, map[hourOf]window.HourSum{}}
	for b := range o.Places {
		for d, in := range o.Places[b].Inside {
			if in.Trucks != 0 || len(in.Classes) > 0 {
				in.LastEvent, in.LastTruckEvent, in.Classes = 0, 0, maps.Clone(in.Classes)
				all.inside[bcpDirection{event.BCP(b), event.Direction(d)}] = in
			}
		}
		for _, h := range o.Places[b].Hours {
			all.add(hourOf{event.BCP(b), h.Start}, h.Clone())
		}
	}
	return all
}

func (s *shown) add(at hourOf, sum *window.HourSum) {
	sum.Segments = slices.DeleteFunc(sum.Segments, func(g window.Segments) bool { return g == window.Segments{Measure: g.Measure} })
	slices.SortFunc(sum.Segments, func(a, b window.Segments) int { return cmp.Compare(a.Measure, b.Measure) })
	if len(sum.Release.Bins) == 0 {
		sum.Release.Bins = nil
	}
	if len(sum.Segments) == 0 {
		sum.Segments = nil
	}
	if !reflect.DeepEqual(*sum, window.HourSum{}) {
		s.hours[at] = *sum
	}
}

// afresh is what the first events of a log say, computed from all facts.
func afresh(cfg Config, log []event.Event, kept []Retention, horizon int64) map[hourOf]window.HourSum {
	sums := map[hourOf]*window.HourSum{}
	for k, a := range want(cfg, log, kept...) {
		if k.Grain != window.Hour || endOf(cfg, k) <= horizon {
			continue
		}
		at := hourOf{k.BCP, k.Start}
		if sums[at] == nil {
			sums[at] = &window.HourSum{}
		}
		sums[at].Add(k.Measure, &a)
	}
	all := shown{hours: map[hourOf]window.HourSum{}}
	for at, sum := range sums {
		all.add(at, sum)
	}
	return all.hours
}

// A shard that shows an overview after some of its events writes the same rows as one that shows none, and each overview is what
// all facts up to then say, whether they are flushed or not. The trucks inside are those of the rows of a flush at that offset.
func TestOverviewIsThatOfAllFactsAndChangesNoRow(t *testing.T) {
	cfg := testConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		log := anyLog(cfg).Draw(t, "log")
		kept := anyRetentions(t, cfg, log)
		showing, silent := newRun(cfg, kept...), newRun(cfg, kept...)
		overviews := 0
		for showing.next < int64(len(log)) {
			n := rapid.IntRange(1, 30).Draw(t, "batch")
			for range min(n, len(log)-int(showing.next)) {
				if err := showing.apply(log); err != nil {
					t.Fatalf("%v", err)
				}
				if overviews > 40 || rapid.IntRange(0, 7).Draw(t, "is shown") > 0 {
					continue
				}
				overviews++
				o := showing.state.Overview(3, showing.next)
				is := shownIn(o)
				if should := afresh(cfg, log[:showing.next], kept, o.Shards[0].Horizon); !reflect.DeepEqual(is.hours, should) {
					t.Fatalf("hours at offset %d:\n%+v, of all facts\n%+v", showing.next, is.hours, should)
				}
				once := newRun(cfg, kept...)
				if _, err := once.work(log[:showing.next], len(log)); err != nil {
					t.Fatalf("%v", err)
				}
				if should := shownIn(once.state.Overview(3, showing.next)); !reflect.DeepEqual(is.inside, should.inside) {
					t.Fatalf("inside at offset %d:\n%+v, of a flush there\n%+v", showing.next, is.inside, should.inside)
				}
			}
			a, err := showing.flush()
			if err != nil {
				t.Fatalf("%v", err)
			}
			b, err := silent.work(log[:showing.next], n)
			if err != nil {
				t.Fatalf("%v", err)
			}
			byKey := func(rows []window.Row) map[window.Key]window.Row {
				all := map[window.Key]window.Row{}
				for _, r := range rows {
					all[r.Key] = r
					showing.tables.writeWindow(r)
					silent.tables.writeWindow(r)
				}
				return all
			}
			if a, b := byKey(a.windows), byKey(b.windows); !reflect.DeepEqual(a, b) {
				t.Fatalf("windows %+v, without overviews %+v", a, b)
			}
			same := func(what string, a, b any) {
				if !reflect.DeepEqual(a, b) {
					t.Fatalf("%s of a flush, of one without overviews:\n%+v\n%+v", what, a, b)
				}
			}
			// An opening changes several visits in no particular order.
			slices.SortFunc(a.visits, byVisit)
			slices.SortFunc(b.visits, byVisit)
			same("visits", a.visits, b.visits)
			same("inside", a.Inside, b.Inside)
			for _, r := range a.Restatements {
				showing.tables.writeRestatement(r)
			}
			for _, r := range b.Restatements {
				silent.tables.writeRestatement(r)
			}
			same("restatements", showing.tables.restated, silent.tables.restated)
			for _, v := range a.visits {
				showing.tables.writeVisit(v)
				silent.tables.writeVisit(v)
			}
		}
	})
}

func byVisit(a, b visit.Row) int { return cmp.Or(cmp.Compare(a.BCP, b.BCP), cmp.Compare(a.ID, b.ID)) }

// A successor shows what its predecessor has shown and not written, as soon as it has read as far.
func TestSuccessorReachesWhatWasShown(t *testing.T) {
	cfg := testConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		log := anyLog(cfg).Draw(t, "log")
		owner := newRun(cfg, anyRetentions(t, cfg, log)...)
		tabs := owner.tables
		for owner.next < int64(len(log)) {
			for range rapid.IntRange(0, min(20, len(log)-int(owner.next))).Draw(t, "applied") {
				if err := owner.apply(log); err != nil {
					t.Fatalf("%v", err)
				}
			}
			before := owner.state.Overview(0, owner.next)
			at := owner.next
			if at > 0 {
				f, err := owner.flush()
				if err != nil {
					t.Fatalf("%v", err)
				}
				steps := rapid.IntRange(0, 3).Draw(t, "steps written")
				for _, r := range f.windows[:len(f.windows)*min(1, steps)] {
					tabs.writeWindow(r)
				}
				if steps > 1 {
					for _, r := range f.visits {
						tabs.writeVisit(r)
					}
				}
				if steps > 2 {
					tabs.writeProgress(f.Flush)
				}
			}
			owner = tabs.recover(t, cfg, log)
			for owner.next < at {
				if err := owner.apply(log); err != nil {
					t.Fatalf("%v", err)
				}
				owner.state.Overview(0, owner.next)
			}
			if is, was := shownIn(owner.state.Overview(0, at)), shownIn(before); !reflect.DeepEqual(is, was) {
				t.Fatalf("at offset %d %+v is shown, was\n%+v", at, is, was)
			}
			if owner.next == int64(len(log)) {
				break
			}
		}
	})
}

// An overview that a viewer has does not change when the shard goes on.
func TestOverviewStaysAsItIs(t *testing.T) {
	cfg := testConfig(t)
	r := newRun(cfg)
	truck := func(typ event.Type, id, subject string, after time.Duration) event.Event {
		return event.Event{
			Type: typ, ID: []byte(id), Source: []byte("/post"), Subject: []byte(subject), Time: start + after.Milliseconds(), BCP: 1, Direction: event.Inbound,
		}
	}
	log := []event.Event{
		truck(event.TruckArrived, "1", "T1", 0), truck(event.TruckReleased, "2", "T1", 20*time.Minute),
		truck(event.TruckArrived, "3", "T2", 21*time.Minute), truck(event.TruckReleased, "4", "T2", 25*time.Minute),
		truck(event.BCPClosed, "5", "AF-NAN-TORKHAM", 26*time.Minute),
	}
	if _, err := r.work(log[:2], 2); err != nil {
		t.Fatal(err)
	}
	first := r.state.Overview(0, r.next)
	was, open := shownIn(first), first.Places[1].Openings.Open(event.Inbound, log[4].Time)
	for range log[2:] {
		if err := r.apply(log); err != nil {
			t.Fatal(err)
		}
		r.state.Overview(0, r.next)
	}
	last := r.state.Overview(0, r.next)
	if is := shownIn(first); !reflect.DeepEqual(is, was) {
		t.Errorf("the first overview was %+v and is %+v", was, is)
	}
	if reflect.DeepEqual(shownIn(last), was) {
		t.Error("two more trucks change nothing")
	}
	if now := last.Places[1].Openings.Open(event.Inbound, log[4].Time); !open || now || !first.Places[1].Openings.Open(event.Inbound, log[4].Time) {
		t.Errorf("open %v before the closing and %v after it", open, now)
	}
}
