package engine

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/hours"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func testConfig(tb fataler) Config {
	v, err := event.NewVocabulary([]string{"AF-NAN-TORKHAM", "CL-ARI-CHACALLUTA"}, []string{"customs", "border_police"})
	if err != nil {
		tb.Fatalf("%v", err)
	}
	kabul := time.FixedZone("Asia/Kabul", 4*3600+1800)
	santiago, err := time.LoadLocation("America/Santiago")
	if err != nil {
		tb.Fatalf("%v", err)
	}
	return Config{
		Vocabulary: v,
		Places: []place.Place{
			{Zone: kabul, LapseAfter: 6 * time.Hour},
			{Zone: santiago, Calendar: calendar(), LapseAfter: 10 * time.Hour},
		},
		MemoryRetention: 3 * time.Hour, WatermarkDelay: 10 * time.Minute,
	}
}

// calendar has a BCP open every day but Sunday from nine to half past five.
func calendar() *place.Calendar {
	c := &place.Calendar{}
	for d := time.Monday; d <= time.Saturday; d++ {
		c.Days[d] = []place.Span{{Open: 9 * 60, Close: 17*60 + 30}}
	}
	return c
}

// In the second night clocks in Chile jump over midnight.
var start = time.Date(2026, 9, 5, 0, 0, 0, 0, time.UTC).UnixMilli()

// anyLog draws a log of a shard: trucks at two BCPs over two days, in any order, with repetitions and retractions, in records that
// brokers or producers gave their times, or some of each.
func anyLog(cfg Config) *rapid.Generator[[]event.Event] {
	shift := func(t *rapid.T) event.Event {
		bcp := event.BCP(rapid.IntRange(1, 2).Draw(t, "bcp"))
		e := event.Event{
			Type: rapid.SampledFrom([]event.Type{event.BCPOpened, event.BCPClosed, event.EventRetracted}).Draw(t, "type"),
			ID:   fmt.Appendf(nil, "%d", rapid.IntRange(1, 10).Draw(t, "id")), Source: anySource(t),
			Edition: uint32(max(0, rapid.IntRange(-5, 1).Draw(t, "edition"))),
			Subject: []byte(cfg.Vocabulary.BCPName(bcp)), BCP: bcp, Direction: event.Direction(rapid.IntRange(0, 2).Draw(t, "direction")),
			Time: start + 60_000*rapid.Int64Range(0, 48*60).Draw(t, "minute") + 500*rapid.Int64Range(0, 100).Draw(t, "ms"),
		}
		if e.Type == event.EventRetracted {
			e.RetractedID, e.RetractedSource, e.RetractedEdition, e.AboutPlace = e.ID, e.Source, e.Edition, true
			e.ID = []byte("r" + string(e.ID))
		}
		return e
	}
	one := func(t *rapid.T, trucks int) event.Event {
		if rapid.IntRange(0, 15).Draw(t, "shift") == 0 {
			return shift(t)
		}
		truck := rapid.IntRange(1, trucks).Draw(t, "truck")
		bcp := event.BCP(1 + truck%2)
		if rapid.IntRange(0, 30).Draw(t, "astray") == 0 {
			bcp = 3 - bcp
		}
		e := event.Event{
			Type:   rapid.SampledFrom(event.Types()[:event.EventRetracted]).Draw(t, "type"),
			ID:     fmt.Appendf(nil, "%d", rapid.IntRange(1, 30).Draw(t, "id")),
			Source: anySource(t), Edition: uint32(max(0, rapid.IntRange(-5, 1).Draw(t, "edition"))), Subject: fmt.Appendf(nil, "T%d", truck),
			BCP: bcp, Direction: event.Inbound,
			Time: start + 60_000*rapid.Int64Range(0, 48*60).Draw(t, "minute") + 500*rapid.Int64Range(0, 100).Draw(t, "ms"),
		}
		switch e.Type {
		case event.EventRetracted:
			e.RetractedID, e.RetractedSource, e.RetractedEdition = e.ID, e.Source, e.Edition
			e.RetractedTime = start + 60_000*rapid.Int64Range(0, 48*60).Draw(t, "retracted minute")
			e.ID = []byte("r" + string(e.ID))
		case event.ChannelAssigned:
			e.Channel = event.Channel(rapid.IntRange(1, 4).Draw(t, "channel"))
		case event.DeclarationLodged:
			e.Regime = event.Regime(rapid.IntRange(0, 4).Draw(t, "regime"))
		case event.InspectionStarted, event.InspectionCompleted:
			e.Kind = event.Scan
			e.Agency = cfg.Vocabulary.Customs
		case event.HoldPlaced, event.HoldLifted:
			e.Agency = cfg.Vocabulary.Customs
			e.Hold = rapid.SampledFrom([][]byte{nil, []byte("H1"), []byte("H2")}).Draw(t, "hold")
		}
		return e
	}
	dated := func(t *rapid.T, log []event.Event) {
		broker := rapid.SampledFrom([]int{0, 5, 10}).Draw(t, "records of ten that the broker gave their time")
		forwarded := rapid.SampledFrom([]int{0, 0, 3}).Draw(t, "records of ten that were forwarded")
		for i := range log {
			log[i].AppendTime = rapid.IntRange(1, 10).Draw(t, "dated") <= broker
			log[i].Forwarded = rapid.IntRange(1, 10).Draw(t, "forwarded") <= forwarded
		}
	}
	return rapid.Custom(func(t *rapid.T) []event.Event {
		trucks, most := 8, 120
		if rapid.IntRange(0, 9).Draw(t, "a busy day") == 0 {
			trucks, most = 60, 1500
		}
		log := make([]event.Event, rapid.IntRange(1, most).Draw(t, "events"))
		for i := range log {
			log[i] = one(t, trucks)
		}
		if rapid.Bool().Draw(t, "in order") {
			slices.SortStableFunc(log, func(a, b event.Event) int { return int(a.Time - b.Time) })
		}
		dated(t, log)
		return log
	})
}

func anySource(t *rapid.T) []byte {
	return rapid.SampledFrom([][]byte{[]byte("/post"), []byte("/post"), []byte("/post"), []byte("/gate"), []byte("/office")}).Draw(t, "source")
}

// known is a visit as the log goes on. Once it is absent, contributions are those that it had then.
type known struct {
	visit         *visit.Visit
	taken         map[uint64]bool // the keys of its facts, those that were retracted among them
	month         visit.Month
	absent        bool
	contributions []window.Contribution
}

// want computes the windows afresh from the set of all facts or, with retentions, from the log.
func want(cfg Config, log []event.Event, kept ...Retention) map[window.Key]window.Aggregate {
	offsets := make([]int64, len(log))
	for i := range offsets {
		offsets[i] = int64(i)
	}
	return wantAt(cfg, log, offsets, kept...)
}

// wantAt is want for a log with these offsets.
func wantAt(cfg Config, log []event.Event, offsets []int64, kept ...Retention) map[window.Key]window.Aggregate {
	lead := newFollowed()
	visits := map[visit.Key]*known{}
	var all []*known
	open := make(bcpHours, 1+len(cfg.Places))
	for i, p := range cfg.Places {
		open[1+i] = hours.New(p.Calendar, p.Zone)
	}
	rules := visit.RulesOf(cfg.Vocabulary)
	rules.Hours = open
	contribute := func(v *known) {
		var s visit.State
		rules.Derive(v.visit, &s)
		lapsed := visit.None
		if !s.Empty && s.Departed == visit.None {
			at := s.Last + cfg.Places[s.BCP-1].LapseAfter.Milliseconds()
			if at <= lead.latest-cfg.WatermarkDelay.Milliseconds() {
				lapsed = at
			}
		}
		v.contributions = window.Contributions(nil, &s, lapsed)
	}
	for i := range log {
		e := &log[i]
		oldest, retracted := oldestAt(cfg, kept, offsets[i], lead.latest), e.Time
		if e.Type == event.EventRetracted {
			retracted = e.RetractedTime
		}
		for _, v := range all {
			if !v.absent && lastOfKnown(v) < oldest.of {
				v.absent = true
				contribute(v)
			}
		}
		if ofVisit(e) && !e.Forwarded && (retracted < oldest.of || !e.AppendTime && retracted < e.Time-oldest.kept) {
			continue
		}
		if !ofVisit(e) {
			lead.take(offsets[i], e)
			open[e.BCP].Apply(e)
			continue
		}
		if v := visits[visitOf(e)]; v == nil || v.absent {
			visits[visitOf(e)] = &known{visit: visit.New(e.BCP), taken: map[uint64]bool{}, month: visit.MonthOf(e.Time)}
			all = append(all, visits[visitOf(e)])
		}
		v, fact := visits[visitOf(e)], visit.NewFact(e)
		if !v.taken[fact.Key] && cfg.MostFacts > 0 && len(v.taken) == cfg.MostFacts {
			continue
		}
		v.taken[fact.Key] = true
		v.visit.Apply(fact)
		lead.take(offsets[i], e)
	}
	out := map[window.Key]window.Aggregate{}
	for _, v := range all {
		if !v.absent {
			contribute(v)
		}
		for _, c := range v.contributions {
			clock := window.NewClock(cfg.Places[c.Key.BCP-1].Zone)
			for _, k := range []window.Key{clock.In(c.Key, window.Hour), clock.In(c.Key, window.Day)} {
				a := out[k]
				a.Add(window.IncrementOf(k.Measure, c.Ms, c.Closed, +1))
				out[k] = a
			}
		}
	}
	return out
}

// oldest is the time of the oldest fact that a visit may have for its last, and how long visits are kept.
type oldest struct{ of, kept int64 }

func oldestAt(cfg Config, kept []Retention, offset, latest int64) oldest {
	at := oldest{never, -never}
	for _, r := range kept {
		if r.From > offset {
			continue
		}
		at = oldest{r.VisitsSince, -never}
		if r.Visits > 0 {
			at = oldest{max(r.VisitsSince, latest-(cfg.WatermarkDelay+r.Visits).Milliseconds()), r.Visits.Milliseconds()}
		}
	}
	return at
}

// lastOfKnown is the time of the last fact, or of the end of the month of a visit without one.
func lastOfKnown(v *known) int64 {
	facts := v.visit.Facts()
	if len(facts) == 0 {
		return time.Date(int(v.month/100), time.Month(v.month%100), 1, 0, 0, 0, 0, time.UTC).AddDate(0, 1, 0).UnixMilli()
	}
	return facts[len(facts)-1].Time
}

func compare(t *rapid.T, cfg Config, got map[window.Key]window.Row, want map[window.Key]window.Aggregate) {
	for k, w := range want {
		g := got[k].Aggregate
		if g.N != w.N || g.Sum != w.Sum || g.SumSquares != w.SumSquares || !slices.Equal(g.Bins, w.Bins) ||
			g.Net.Closed != w.Net.Closed || g.Net.SumSquares != w.Net.SumSquares || !slices.Equal(g.Net.Bins, w.Net.Bins) {
			t.Fatalf("window %+v (%s): got %+v, want %+v", k, k.Measure.Name(cfg.Vocabulary), g, w)
		}
	}
	for k, g := range got {
		if _, ok := want[k]; !ok && !g.IsZero() {
			t.Fatalf("window %+v (%s) should not be: %+v", k, k.Measure.Name(cfg.Vocabulary), g)
		}
	}
}

// TestEveryCrashGivesTheSameRows runs a shard through crashes at every step of its protocol, with rows of a flush
// written in part, events applied before a flush is written, flushes repeated, and an instance that has lost the shard: it may
// write a flush that it had announced long after, and continues to work. Visits that are absent by a retention are deleted at any
// time.
func TestEveryCrashGivesTheSameRows(t *testing.T) {
	cfg := testConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		cfg := cfg
		log := anyLog(cfg).Draw(t, "log")
		kept := anyRetentions(t, cfg, log)
		if len(kept) == 0 { // see admit.go
			cfg.MostFacts = rapid.SampledFrom([]int{0, 2, 8}).Draw(t, "facts of a visit at most")
		}
		tabs := newRun(cfg, kept...).tables
		begin := func() *run {
			tabs.deleteAbsent(t, cfg)
			return tabs.recover(t, cfg, log)
		}
		// write writes a flush, or a part of it, and reports whether that was all.
		write := func(f *flushed) bool {
			steps := rapid.IntRange(0, 4).Draw(t, "steps written")
			part := rapid.IntRange(0, 100).Draw(t, "percent of the last step")
			write := func(step, n int, one func(i int)) {
				upTo := n
				if step > steps {
					return
				} else if step == steps {
					upTo = n * part / 100
				}
				for i := range upTo {
					one(i)
				}
			}
			if rapid.IntRange(0, 3).Draw(t, "all goes well") > 0 {
				steps = 5
			}
			write(0, len(f.Restatements), func(i int) { tabs.writeRestatement(f.Restatements[i]) })
			write(1, len(f.windows), func(i int) { tabs.writeWindow(f.windows[i]) })
			write(2, len(f.visits), func(i int) { tabs.writeVisit(f.visits[i]) })
			write(3, 1, func(int) { tabs.writeProgress(f.Flush) })
			return steps == 5
		}
		owner := begin()
		var lost *run
		var late *flushed // announced by lost, and not written
		for owner.next < int64(len(log)) {
			at := owner
			if lost != nil && rapid.IntRange(0, 2).Draw(t, "lost works") == 0 {
				at = lost
			}
			if at == lost && late != nil {
				if !write(late) {
					lost = nil
				}
				late = nil
				continue
			}
			f, err := at.work(log, rapid.IntRange(1, 30).Draw(t, "batch"))
			if errors.Is(err, ErrFenced) {
				*at = *begin()
				continue
			}
			if err != nil {
				t.Fatalf("%v", err)
			}
			if err := at.ahead(log, rapid.IntRange(0, 10).Draw(t, "applied before it is written")); err != nil {
				t.Fatalf("%v", err)
			}
			if at == owner && rapid.IntRange(0, 5).Draw(t, "freezes") == 0 {
				lost, late, owner = owner, f, begin()
				continue
			}
			switch all := write(f); {
			case !all && at == lost:
				lost = nil
			case !all:
				owner = begin()
			case at == owner && rapid.IntRange(0, 5).Draw(t, "rebalance") == 0:
				lost, late, owner = owner, nil, begin()
			}
		}
		last := begin()
		f, err := last.work(log, len(log))
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, r := range f.windows {
			tabs.writeWindow(r)
		}
		for _, r := range f.visits {
			tabs.writeVisit(r)
		}
		for _, r := range f.Restatements {
			tabs.writeRestatement(r)
		}
		if late != nil {
			write(late)
		}
		compare(t, cfg, tabs.windows, want(cfg, log, kept...))
		undisturbed := newRun(cfg, kept...)
		f, err = undisturbed.work(log, len(log))
		if err != nil {
			t.Fatalf("%v", err)
		}
		for _, r := range f.Restatements {
			undisturbed.tables.writeRestatement(r)
		}
		if got, want := insideOf(last.state), insideOf(undisturbed.state); !reflect.DeepEqual(got, want) {
			t.Fatalf("inside are %+v, undisturbed %+v", got, want)
		}
		if !reflect.DeepEqual(tabs.restated, undisturbed.tables.restated) {
			t.Fatalf("restatements %+v, undisturbed %+v", tabs.restated, undisturbed.tables.restated)
		}
	})
}

func TestAnyOrderGivesTheSameRows(t *testing.T) {
	cfg := testConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		log := anyLog(cfg).Draw(t, "log")
		for i := range log { // else the order of the sources decides how far the watermark comes, and which visits lapse
			log[i].AppendTime = true
		}
		end := func(log []event.Event, every int) (map[window.Key]window.Row, map[visit.Key]visit.Row) {
			r := newRun(cfg)
			tabs := r.tables
			for r.next < int64(len(log)) {
				f, err := r.work(log, every)
				if err != nil {
					t.Fatalf("%v", err)
				}
				for _, w := range f.windows {
					tabs.writeWindow(w)
				}
				for _, v := range f.visits {
					tabs.writeVisit(v)
				}
			}
			return tabs.windows, tabs.visits
		}
		_, a := end(log, 7)
		shuffled := rapid.Permutation(log).Draw(t, "order")
		windows, b := end(shuffled, rapid.IntRange(1, 50).Draw(t, "flush every"))
		compare(t, cfg, windows, want(cfg, log))
		if len(a) != len(b) {
			t.Fatalf("visits %v, in another order %v", slices.Collect(maps.Keys(a)), slices.Collect(maps.Keys(b)))
		}
		for k := range a {
			x, y := a[k], b[k]
			x.AsOf, y.AsOf = 0, 0
			x.Month, y.Month = 0, 0 // it follows the order of the log
			if !reflect.DeepEqual(x, y) {
				t.Fatalf("visit %+v: %+v and %+v", k, x, y)
			}
		}
	})
}
