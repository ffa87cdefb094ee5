package presume_test

import (
	"math"
	"reflect"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

const (
	torkham event.BCP = iota + 1
	aqina
)

const minute = 60_000

// eight is eight o'clock, at the beginning of a quarter of an hour.
var eight = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()

type step struct {
	after  int64 // minutes after eight
	typ    event.Type
	agency event.Agency
	kind   event.InspectionKind
}

// truck is a visit with these steps.
func truck(b event.BCP, steps ...step) *visit.Visit {
	v := visit.New(b)
	for i, s := range steps {
		v.Apply(visit.NewFact(&event.Event{
			ID: []byte{byte(i)}, Source: []byte("/gate"), Type: s.typ, Time: eight + s.after*minute, Agency: s.agency, Kind: s.kind, Direction: event.Inbound,
		}))
	}
	return v
}

type school struct {
	voc     *event.Vocabulary
	police  event.Agency
	rules   visit.Rules
	learner *presume.Learner
}

func newSchool(t *testing.T, h visit.Hours) *school {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM", "AQINA"}, []string{"customs", "police"})
	if err != nil {
		t.Fatal(err)
	}
	s := &school{voc: voc, rules: visit.RulesOf(voc)}
	s.police, _ = voc.Agency([]byte("police"))
	s.rules.Hours = h
	s.learner = presume.NewLearner(s.rules)
	return s
}

func (s *school) learn(trucks int, v *visit.Visit) {
	for range trucks {
		s.learner.Add(presume.Stretches(nil, v, s.rules))
	}
}

// lodges is a truck whose trader lodges the declaration after so many minutes.
func (s *school) lodges(b event.BCP, after int64) *visit.Visit {
	return truck(b, step{typ: event.TruckArrived}, step{after: after, typ: event.DeclarationLodged},
		step{after: max(600, after+60), typ: event.TruckReleased}, step{after: max(610, after+70), typ: event.TruckDeparted})
}

// inspected is a truck that the police inspect after so many minutes.
func (s *school) inspected(b event.BCP, after int64) *visit.Visit {
	return truck(b, step{typ: event.TruckArrived}, step{after: after, typ: event.InspectionStarted, agency: s.police, kind: event.Scan},
		step{after: after + 5, typ: event.InspectionCompleted, agency: s.police, kind: event.Scan},
		step{after: max(600, after+60), typ: event.TruckReleased}, step{after: max(610, after+70), typ: event.TruckDeparted})
}

var arrived = presume.Key{Last: event.TruckArrived}

// Trucks that have just arrived at Torkham wait for the police as well as for their trader; those that still wait after half an hour wait for the
// trader alone.
func TestTruckThatHasWaitedLongWaitsForAnotherHolder(t *testing.T) {
	s := newSchool(t, nil)
	s.learn(30, s.lodges(torkham, 60))
	s.learn(15, s.inspected(torkham, 30))
	s.learn(1, truck(torkham, step{typ: event.TruckArrived}))                                                      // still inside
	s.learn(1, truck(torkham, step{typ: event.TruckDeparted}, step{after: 5, typ: event.TruckArrived}))            // unsound
	s.learn(1, truck(torkham, step{typ: event.TruckReleased, after: 1}, step{after: 9, typ: event.TruckDeparted})) // never seen to arrive
	table := s.learner.Table()
	for _, c := range []struct {
		what string
		b    event.BCP
		d    event.Direction
		k    presume.Key
		net  int64
		want presume.Presumption
	}{
		{"in the first minutes", torkham, event.Inbound, arrived, 0, presume.Presumption{Holder: s.voc.Trader, Share: 2. / 3, Second: s.police, SecondShare: 1. / 3, Waits: 45}},
		{"until the half hour", torkham, event.Inbound, arrived, 30*minute - 1, presume.Presumption{Holder: s.voc.Trader, Share: 2. / 3, Second: s.police, SecondShare: 1. / 3, Waits: 45}},
		{"from then on", torkham, event.Inbound, arrived, 30 * minute, presume.Presumption{Holder: s.voc.Trader, Share: 1, Waits: 30}},
		{"longer than any has waited", torkham, event.Inbound, arrived, 60 * minute, presume.Presumption{Basis: presume.Procedure, Holder: s.voc.Trader}},
		{"elsewhere as here", aqina, event.Inbound, arrived, 0, presume.Presumption{Basis: presume.OfAll, Holder: s.voc.Trader, Share: 2. / 3, Second: s.police, SecondShare: 1. / 3, Waits: 45}},
		{"the other way nothing is known", torkham, event.Outbound, arrived, 0, presume.Presumption{Basis: presume.Procedure, Holder: s.voc.Trader}},
		{
			"after the declaration customs has it", torkham, event.Inbound,
			presume.Key{Last: event.DeclarationLodged},
			540 * minute,
			presume.Presumption{Holder: s.voc.Customs, Share: 1, Waits: 30},
		},
		{
			"of inspected trucks too few are known", torkham, event.Inbound,
			presume.Key{Last: event.InspectionCompleted, Agency: s.police, Kind: event.Scan, Done: engine.AgenciesOf(s.police)},
			0,
			presume.Presumption{Basis: presume.Procedure, Holder: s.voc.Customs},
		},
		{"a red one is another", torkham, event.Inbound, presume.Key{Last: event.TruckArrived, Channel: event.Red}, 0, presume.Presumption{Basis: presume.Procedure, Holder: s.voc.Customs}},
		{"nobody is presumed where the procedure says nothing", torkham, event.Inbound, presume.Key{Last: event.HoldPlaced}, 0, presume.Presumption{Basis: presume.Nothing}},
	} {
		if is := table.Presume(c.b, c.d, c.k, c.net); is != c.want {
			t.Errorf("%s: %+v, want %+v", c.what, is, c.want)
		}
	}
	if again := presume.TableOf(s.rules, table.Rows()).Rows(); !reflect.DeepEqual(again, table.Rows()) {
		t.Errorf("a table that was stored is\n%+v\nand was\n%+v", again, table.Rows())
	}
}

// Whichever of customs and police have inspected a truck, it waits for its trader's payment; of neither set are there enough.
func TestWaitsAtOneStepAreLearnedTogether(t *testing.T) {
	s := newSchool(t, nil)
	pays := func(before event.Agency) *visit.Visit {
		return truck(torkham, step{typ: event.TruckArrived},
			step{after: 1, typ: event.InspectionStarted, agency: before, kind: event.Scan}, step{after: 2, typ: event.InspectionCompleted, agency: before, kind: event.Scan},
			step{after: 3, typ: event.ChannelAssigned}, step{after: 10, typ: event.PaymentConfirmed}, step{after: 20, typ: event.TruckReleased}, step{after: 30, typ: event.TruckDeparted})
	}
	s.learn(20, pays(s.police))
	s.learn(10, pays(s.voc.Customs))
	want := presume.Presumption{Basis: presume.OfStep, Holder: s.voc.Trader, Share: 1, Waits: 30}
	for _, done := range []engine.Agencies{"", engine.AgenciesOf(s.police), engine.AgenciesOf(s.police, s.voc.Customs)} {
		if is := s.learner.Table().Presume(aqina, event.Inbound, presume.Key{Last: event.ChannelAssigned, Done: done}, 0); is != want {
			t.Errorf("after %x: %+v, want %+v", done, is, want)
		}
	}
}

// days are open from eight to eight.
type days struct{ *hours.Hours }

func (d days) Closed(_ event.BCP, way event.Direction, from, to visit.Time) int64 {
	return d.Hours.Closed(way, from, to)
}

// A truck arrives half an hour before the post closes, and the trader lodges in the next morning: its age is net of the night, and the time that
// counts is by the clock.
func TestNightMakesNoTruckWaitLonger(t *testing.T) {
	week := &place.Calendar{}
	for d := range week.Days {
		week.Days[d] = []place.Span{{Open: 8 * 60, Close: 20 * 60}}
	}
	s := newSchool(t, days{hours.New(week, time.UTC)})
	v := truck(torkham, step{after: 690, typ: event.TruckArrived}, step{after: 24*60 + 20, typ: event.DeclarationLodged}, step{after: 24*60 + 30, typ: event.TruckDeparted})
	var got []presume.Stretch
	for _, g := range presume.Stretches(nil, v, s.rules)[:3] {
		got = append(got, presume.Stretch{Age: g.Age, Ms: g.Ms / minute, Holder: g.Holder})
	}
	// When the post closes, it is half an hour old, and is no older when that opens.
	want := []presume.Stretch{{Age: 0, Ms: 15, Holder: s.voc.Trader}, {Age: 1, Ms: 15, Holder: s.voc.Trader}, {Age: 2, Ms: 12*60 + 20, Holder: s.voc.Trader}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// Three trucks wait at Torkham at twenty past eight, customs inspects one, and of one nothing is known.
func TestTrucksInsideByHolder(t *testing.T) {
	s := newSchool(t, nil)
	s.learn(30, s.lodges(torkham, 60))
	s.learn(15, s.inspected(torkham, 30))
	wait := window.OfSegment(visit.Wait, s.voc.UnknownHolder)
	quarter := int32(eight / minute / 15)
	in := engine.NoOccupancy()
	in.Add(engine.Class{Held: wait, Last: event.TruckArrived, Since: quarter}, 1)
	in.Add(engine.Class{Held: wait, Last: event.TruckArrived, Since: quarter - 1}, 2) // for 27 minutes and a half
	in.Add(engine.Class{Held: wait, Last: event.TruckArrived, Since: quarter - 20}, 4)
	in.Add(engine.Class{Held: wait, Last: event.TruckReleased, Since: engine.NoQuarter}, 1)
	in.Add(engine.Class{Held: window.OfSegment(visit.Service, s.voc.Customs), Last: event.InspectionStarted, Since: quarter}, 1)
	got := s.learner.Table().Inside(torkham, event.Inbound, &in, hours.New(nil, time.UTC), eight+20*minute)
	type line struct {
		phase         visit.Phase
		holder        event.Agency
		presumed      bool
		trucks, waits int
		share1000     int
		second        event.Agency
		second1000    int
	}
	lines := func(all []presume.Held) (out []line) {
		for _, h := range all {
			second, share := h.Second()
			out = append(out, line{h.Phase, h.Holder, h.Presumed, h.Trucks, h.Waits, int(h.Share()*1000 + 0.5), second, int(share*1000 + 0.5)})
		}
		return out
	}
	want := []line{
		{visit.Wait, s.voc.Trader, true, 4, 0, 0, event.NoAgency, 0}, // as the procedure says
		{visit.Wait, s.voc.Trader, true, 3, 45, 667, s.police, 333},
		{visit.Wait, s.voc.UnknownHolder, false, 1, 0, 0, event.NoAgency, 0},
		{visit.Service, s.voc.Customs, false, 1, 0, 0, event.NoAgency, 0},
	}
	if is := lines(got); !reflect.DeepEqual(is, want) {
		t.Errorf("%+v\nwant\n%+v", is, want)
	}
	for i := range want {
		want[i].trucks *= 2
	}
	if is := lines(presume.Sum(append(got, got...))); !reflect.DeepEqual(is, want) {
		t.Errorf("in two directions %+v\nwant\n%+v", is, want)
	}
}

// Sixty trucks waited for customs for two days. One more arrived with a wrong year in its event and was inspected by the police: it is charged with
// years, and does not say who has a truck that waits for two days, neither here nor at another BCP. Trucks that wait for longer than all but that one
// are known by those of two days.
func TestTruckOfAWrongYearDoesNotDecide(t *testing.T) {
	for years, odd := range map[int64]float64{0: 0, 2: 24} { // hours that the odd truck weighs
		s := newSchool(t, nil)
		for i := range int64(60) {
			s.learn(1, s.lodges(torkham, (49*60)+12*i))
		}
		if years > 0 {
			s.learn(1, s.inspected(torkham, years*365*24*60))
		}
		table := s.learner.Table()
		for _, b := range []event.BCP{torkham, aqina} {
			for _, age := range []int64{50 * 60, 100 * 60, 365 * 24 * 60} {
				p := table.Presume(b, event.Inbound, arrived, age*minute)
				// 60 trucks waited on average 6.9 of the 24 hours from 48 on.
				if want := 1 - odd/(6.9*60+odd); p.Holder != s.voc.Trader || p.Basis == presume.Procedure || math.Abs(p.Share-want) > 1e-9 {
					t.Errorf("after %d hours at %d with an odd truck of %d years: %+v, want the trader with %v", age/60, b, years, p, want)
				}
			}
		}
	}
}

// Thirty trucks waited for their trader until ten minutes after two days, and another one until three days for the police. The long one has most of the
// time, and is one truck; three of them are several. One truck that waits thirty times is one truck, too.
func TestPresumedHolderHadSeveralTrucks(t *testing.T) {
	of := newSchool(t, nil)
	trader, police := of.voc.Trader, of.police
	for long, want := range []presume.Presumption{
		{Holder: trader, Share: 1, Waits: 30},
		{Holder: trader, Share: 1, Waits: 31},
		{Holder: trader, Share: 1, Waits: 32},
		{Holder: police, Share: 72. / 77, Second: trader, SecondShare: 5. / 77, Waits: 33},
	} {
		s := newSchool(t, nil)
		s.learn(30, s.lodges(torkham, 48*60+10))
		s.learn(long, s.inspected(torkham, 72*60))
		if is := s.learner.Table().Presume(torkham, event.Inbound, arrived, 48*60*minute); is != want {
			t.Errorf("with %d long ones: %+v, want %+v", long, is, want)
		}
	}
	s := newSchool(t, nil)
	steps := []step{{typ: event.TruckArrived}}
	for i := range int64(40) {
		steps = append(steps, step{after: 10*i + 5, typ: event.InspectionStarted, agency: s.police, kind: event.Scan}, step{after: 10*i + 9, typ: event.InspectionCompleted, agency: s.police, kind: event.Scan})
	}
	s.learn(1, truck(torkham, append(steps, step{after: 900, typ: event.TruckReleased}, step{after: 910, typ: event.TruckDeparted})...))
	again := presume.Key{Last: event.InspectionCompleted, Agency: s.police, Kind: event.Scan, Done: engine.AgenciesOf(s.police)}
	if is := s.learner.Table().Presume(torkham, event.Inbound, again, 0); is.Basis != presume.Procedure {
		t.Errorf("one truck that was inspected forty times gives %+v", is)
	}
}

// shut is when a border was closed.
type shut struct{ from, until int64 }

func (s shut) Closed(_ event.BCP, _ event.Direction, from, to visit.Time) int64 {
	return max(0, min(to, s.until)-max(from, s.from))
}

// The border closes for ninety days twenty minutes after a truck came, and the trader lodges five minutes after it has opened: the age stands still
// meanwhile, and the closed time counts as one day, also where a second arrival changes nothing on the tenth of them.
func TestClosureOfMonthsWeighsADay(t *testing.T) {
	const closed = 90 * 24 * 60
	s := newSchool(t, shut{eight + 20*minute, eight + (20+closed)*minute})
	for _, steps := range [][]step{
		{{typ: event.TruckArrived}, {after: 25 + closed, typ: event.DeclarationLodged}, {after: 30 + closed, typ: event.TruckDeparted}},
		{{typ: event.TruckArrived}, {after: 10 * 24 * 60, typ: event.TruckArrived}, {after: 25 + closed, typ: event.DeclarationLodged}, {after: 30 + closed, typ: event.TruckDeparted}},
	} {
		ms := map[int]int64{}
		for _, g := range presume.Stretches(nil, truck(torkham, steps...), s.rules) {
			if g.Holder == s.voc.Trader {
				ms[g.Age] += g.Ms / minute
			}
		}
		if want := map[int]int64{0: 15, 1: 15 + 24*60}; !reflect.DeepEqual(ms, want) {
			t.Errorf("%d facts: minutes by class of age %v, want %v", len(steps), ms, want)
		}
	}
}

// What was said is held against what became of it.
func TestRecordOfPresumptions(t *testing.T) {
	s := newSchool(t, nil)
	var r presume.Record
	of := func(holder event.Agency) *presume.Stretch { return &presume.Stretch{Holder: holder, Ms: 1000} }
	p := presume.Presumption{Holder: s.voc.Customs, Share: 0.75, Second: s.voc.Trader, SecondShare: 0.2}
	for _, became := range []event.Agency{s.voc.Customs, s.voc.Customs, s.voc.Trader, s.police} {
		r.Score(p, of(became))
	}
	r.Score(presume.Presumption{Basis: presume.Procedure, Holder: s.police}, of(s.police))
	r.Score(presume.Presumption{Basis: presume.Nothing}, of(s.voc.Carrier))
	want := presume.Record{Ms: 5000, RightMs: 3000, SecondMs: 1000, UnknownMs: 1000}
	want.Tenths[7] = presume.Tenth{Ms: 4000, SaidMs: 3000, RightMs: 2000}
	if r != want {
		t.Errorf("%+v, want %+v", r, want)
	}
}
