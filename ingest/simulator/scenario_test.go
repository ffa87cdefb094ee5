package simulator

import (
	"maps"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

// start is a Monday.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

func after(days int) time.Time { return start.AddDate(0, 0, days) }

// townFor is a configuration of the town of the stories, which is always open, in UTC, and has 180 trucks a day in each direction.
func townFor(t testing.TB, days int, sc Scenario) Config {
	t.Helper()
	b, err := place.Parse("town.yaml", []byte(oneTown))
	if err != nil {
		t.Fatal(err)
	}
	return Config{Places: b, From: start, Until: after(days), Seed: 7, Scenario: sc}
}

func truths(t testing.TB, cfg Config) (all []TruthLine) {
	t.Helper()
	lines, err := Truths(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(lines)
}

func tallied(t testing.TB, cfg Config, step time.Duration) []Series {
	t.Helper()
	all, err := Tally(cfg, step)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sent are the events, each with all that it says, in the order in which they reach Kafka.
func sent(t testing.TB, cfg Config) (all []message, truth []TruthLine) {
	t.Helper()
	cfg.Truth = func(l TruthLine) { truth = append(truth, l) }
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for e, ok := s.Next(); ok; e, ok = s.Next() {
		agency := s.voc.HolderName(e.Event.Agency)
		all = append(all, message{e.At, e.Event.Time, e.Event.Type, agency, string(e.Event.Lane), string(event.AppendStructured(nil, s.voc, e.Event))})
	}
	return all, truth
}

type message struct {
	at, time     int64
	typ          event.Type
	agency, lane string
	text         string
}

// gateTime is how long a truck was at the gate, which is the first inspection of the border police.
func gateTime(l TruthLine) (begins, takes int64) {
	for _, g := range l.Segments {
		if g.Phase == "service" && g.Holder == "border_police" && g.End != nil {
			return g.Start, *g.End - g.Start
		}
	}
	return 0, 0
}

func TestGateIsAThirdFasterFromADayOn(t *testing.T) {
	usual := truths(t, townFor(t, 40, Scenario{Variations: []Variation{Quiet("TOWN")}}))
	faster := map[string]TruthLine{}
	for _, l := range truths(t, townFor(t, 40, Scenario{
		Variations:    []Variation{Quiet("TOWN")},
		Interventions: []Intervention{{Place: "TOWN", Stage: StageGate, From: after(30), ServiceFactor: 2.0 / 3}},
	})) {
		faster[l.Visit] = l
	}
	if len(usual) != len(faster) {
		t.Errorf("%d trucks, %d with the intervention", len(usual), len(faster))
	}
	var before, since int
	for _, l := range usual {
		was, wasTakes := gateTime(l)
		is, isTakes := gateTime(faster[l.Visit])
		switch {
		case was == 0 || is == 0:
		case max(was, is) < after(30).UnixMilli():
			before++
			if is != was || isTakes != wasTakes {
				t.Fatalf("%s: before the day the gate took %d ms at %d, and %d at %d", l.Visit, wasTakes, was, isTakes, is)
			}
		case is >= after(30).UnixMilli():
			since++
			if want := max(int64(math.Round(float64(wasTakes)*2/3)), 5*second); isTakes != want {
				t.Fatalf("%s: the gate took %d ms, was %d, want %d", l.Visit, isTakes, wasTakes, want)
			}
		}
	}
	if before < 10_000 || since < 3_000 {
		t.Errorf("%d trucks were compared before the day, %d since", before, since)
	}
}

// near reports whether a count of a Poisson process is within four standard deviations.
func near(got, want float64) bool { return math.Abs(got-want) <= 4*math.Sqrt(want) }

func sum[N int32 | float64](all []N) (total float64) {
	for _, n := range all {
		total += float64(n)
	}
	return total
}

func TestArrivalFactorMultipliesArrivals(t *testing.T) {
	surge := Intervention{Place: "TOWN", Direction: event.Inbound, From: after(20).Add(6 * time.Hour), Until: after(20).Add(12 * time.Hour), ArrivalFactor: 8}
	more := Intervention{From: after(30), ArrivalFactor: 1.5}
	usual := tallied(t, townFor(t, 60, Scenario{Variations: []Variation{Quiet("")}}), 6*time.Hour)
	got := tallied(t, townFor(t, 60, Scenario{Variations: []Variation{Quiet("")}, Interventions: []Intervention{surge, more}}), 6*time.Hour)
	for d := range usual {
		u, g := usual[d], got[d]
		for i := range u.Expected {
			factor := 1.0
			if i == 81 && g.Direction == event.Inbound {
				factor = 8
			}
			if i >= 120 {
				factor = 1.5
			}
			if math.Abs(g.Expected[i]-factor*u.Expected[i]) > 1e-6 {
				t.Fatalf("%s, step %d: %v trucks are expected, usually %v, want %v times as many", g.Direction, i, g.Expected[i], u.Expected[i], factor)
			}
			if i < 81 && g.Arrived[i] != u.Arrived[i] {
				t.Fatalf("%s, step %d: %d trucks arrived before any change, usually %d", g.Direction, i, g.Arrived[i], u.Arrived[i])
			}
			if !near(float64(g.Arrived[i]), g.Expected[i]) {
				t.Errorf("%s, step %d: %d trucks arrived, %v are expected", g.Direction, i, g.Arrived[i], g.Expected[i])
			}
		}
		if since := sum(g.Arrived[120:]); !near(since, sum(g.Expected[120:])) {
			t.Errorf("%s: %v trucks arrived since day 30, %v are expected", g.Direction, since, sum(g.Expected[120:]))
		}
	}
	if was, is := slices.Max(usual[0].Unreleased[80:90]), slices.Max(got[0].Unreleased[80:90]); float64(is) < 1.5*float64(was) {
		t.Errorf("after the surge at most %d trucks are not released, usually %d", is, was)
	}
}

func TestLanesFactorOpensAndClosesLanes(t *testing.T) {
	messages, _ := sent(t, townFor(t, 30, Scenario{
		Variations: []Variation{Quiet("TOWN")},
		Interventions: []Intervention{
			{Stage: StagePhysical, From: after(10).Add(9 * time.Hour), Until: after(11).Add(9 * time.Hour), LanesFactor: 0.5},
			{Stage: StageGate, Direction: event.Outbound, From: after(12).Add(9 * time.Hour), LanesFactor: 3},
		},
	}))
	changes := map[string][]string{}
	for _, m := range messages {
		if clock := time.UnixMilli(m.time).UTC(); (m.typ == event.LaneOpened || m.typ == event.LaneClosed) && clock.Hour() == 9 {
			changes[clock.Format("02 15:04")] = append(changes[clock.Format("02 15:04")], m.typ.String()+" "+m.lane)
		}
	}
	for _, c := range changes {
		slices.Sort(c)
	}
	want := map[string][]string{
		"15 09:00": {"lane.closed physical-4", "lane.closed physical-5"},
		"16 09:00": {"lane.opened physical-4", "lane.opened physical-5"},
		"17 09:00": {"lane.opened gate-out-2", "lane.opened gate-out-3"},
	}
	if !reflect.DeepEqual(changes, want) {
		t.Errorf("got %v, want %v", changes, want)
	}
	lanes := map[string]int{}
	for _, m := range messages {
		if m.typ == event.InspectionStarted && m.time >= after(12).Add(9*time.Hour).UnixMilli() {
			lanes[m.lane]++
		}
	}
	if lanes["gate-out-3"] == 0 {
		t.Error("no truck has used the third lane of the gate")
	}
}

func TestNothingIsSentInAnOutageYetTheTruthIsWhole(t *testing.T) {
	from, until := after(3).Add(7*time.Hour), after(5)
	during := func(ms int64) bool { return from.UnixMilli() <= ms && ms < until.UnixMilli() }
	all, truth := sent(t, townFor(t, 8, Scenario{}))
	for _, c := range []struct {
		o    Outage
		gone func(message) bool
	}{
		{Outage{Place: "TOWN"}, func(m message) bool { return true }},
		{Outage{Agency: "border_police"}, func(m message) bool { return m.agency == "border_police" }},
		{Outage{Agency: "customs"}, func(m message) bool {
			switch m.typ {
			case event.DeclarationLodged, event.ChannelAssigned, event.PaymentConfirmed, event.TruckReleased, event.ClearanceRefused:
				return true
			}
			return m.agency == "customs"
		}},
		{Outage{Types: []event.Type{event.QueueObserved}}, func(m message) bool { return m.typ == event.QueueObserved }},
	} {
		c.o.From, c.o.Until = from, until
		got, gotTruth := sent(t, townFor(t, 8, Scenario{Outages: []Outage{c.o}}))
		lost := map[string]bool{}
		want := slices.DeleteFunc(slices.Clone(all), func(m message) bool {
			gone := during(m.time) && c.gone(m)
			if gone && m.typ.OfVisit() {
				lost[visitOf(m.text)] = true
			}
			return gone
		})
		if len(want) > len(all)-50 || !slices.Equal(got, want) {
			t.Errorf("%+v: %d events are sent, want %d of %d", c.o, len(got), len(want), len(all))
		}
		flagged := map[string]bool{}
		for i := range gotTruth {
			if gotTruth[i].Lost {
				flagged[gotTruth[i].Visit] = true
			}
			gotTruth[i].Lost = false
		}
		if !reflect.DeepEqual(gotTruth, truth) || !maps.Equal(flagged, lost) {
			t.Errorf("%+v: the truth differs, or says of %d visits that events are lost, want %d", c.o, len(flagged), len(lost))
		}
	}
}

func visitOf(text string) string {
	_, rest, _ := strings.Cut(text, `"subject":"`)
	id, _, _ := strings.Cut(rest, `"`)
	return id
}

func TestLateOutageSendsAllInOneBlock(t *testing.T) {
	from, until := after(3).Add(7*time.Hour).UnixMilli(), after(5).UnixMilli()
	all, truth := sent(t, townFor(t, 8, Scenario{}))
	got, gotTruth := sent(t, townFor(t, 8, Scenario{Outages: []Outage{{Agency: "customs", From: time.UnixMilli(from), Until: time.UnixMilli(until), Late: true}}}))
	if !reflect.DeepEqual(truth, gotTruth) {
		t.Error("the truth differs")
	}
	was := map[string]int64{}
	for _, m := range all {
		was[m.text] = m.at
	}
	var block int
	for _, m := range got {
		at, ok := was[m.text]
		if !ok {
			t.Fatalf("%s is sent in the outage alone", m.text)
		}
		switch {
		case m.at == at:
			if from <= at && at < until && (m.agency == "customs" || m.typ == event.TruckReleased) {
				t.Fatalf("%s reaches Kafka during the outage", m.text)
			}
		case at < from || at >= until || m.at < until || m.at > until+60*second:
			t.Fatalf("%s reaches Kafka at %d, without the outage at %d", m.text, m.at, at)
		default:
			block++
		}
	}
	if len(got) != len(all) || block < 500 {
		t.Errorf("%d events are sent, want %d; %d of them in the block", len(got), len(all), block)
	}
}

func TestHolidayIsADayOfRest(t *testing.T) {
	eid := Holiday{Name: "Eid", Place: "TOWN", Date: "2026-01-14", Days: 2} // Wednesday and Thursday
	usual := tallied(t, townFor(t, 21, Scenario{Variations: []Variation{Quiet("")}}), 24*time.Hour)
	got := tallied(t, townFor(t, 21, Scenario{Variations: []Variation{Quiet("")}, Holidays: []Holiday{eid}}), 24*time.Hour)
	const sunday = 6
	for d := range got {
		for day, want := range usual[d].Expected {
			if day == 9 || day == 10 {
				want = usual[d].Expected[sunday]
			}
			if g := got[d]; math.Abs(g.Expected[day]-want) > 1e-6 || !near(float64(g.Arrived[day]), want) {
				t.Errorf("%s, day %d: %v trucks are expected and %d came, want %v", g.Direction, day, g.Expected[day], g.Arrived[day], want)
			}
		}
	}
}

func TestBCPIsClosedOnAClosedHoliday(t *testing.T) {
	cfg := townFor(t, 21, Scenario{Holidays: []Holiday{{Name: "Nowruz", Date: "2026-01-14", Days: 1, Closed: true}}})
	from, until := after(9).UnixMilli(), after(10).UnixMilli()
	messages, truth := sent(t, cfg)
	var hours []string
	for _, m := range messages {
		switch {
		case m.typ == event.BCPOpened || m.typ == event.BCPClosed:
			hours = append(hours, m.typ.String()+time.UnixMilli(m.time).UTC().Format(" 2 15:04"))
		case from <= m.time && m.time < until:
			switch m.typ {
			case event.TruckArrived, event.ChannelAssigned, event.TruckReleased, event.LaneOpened:
				t.Fatalf("%s on the holiday", m.text)
			case event.InspectionStarted:
				if m.lane != "" {
					t.Fatalf("%s on the holiday", m.text)
				}
			}
		}
	}
	if want := []string{"bcp.opened 5 00:00", "bcp.closed 14 00:00", "bcp.opened 15 00:00"}; !slices.Equal(hours, want) {
		t.Errorf("got %v, want %v", hours, want)
	}
	var through int
	for _, l := range truth {
		if l.Arrived != nil && l.Departed != nil && *l.Arrived < from && *l.Departed >= until {
			through++
			if want := *l.Departed - *l.Arrived - day; *l.CrossingNet != want {
				t.Fatalf("%s: the net crossing time is %d, want %d", l.Visit, *l.CrossingNet, want)
			}
		}
	}
	if through < 50 {
		t.Errorf("%d trucks were inside through the holiday", through)
	}
}

// daily is what arrived each local day relative to what a quiet BCP expects of its weekday.
func daily(t *testing.T, v Variation, days int, seed uint64) (relative []float64) {
	t.Helper()
	quiet := tallied(t, townFor(t, days, Scenario{Variations: []Variation{Quiet("TOWN")}}), 24*time.Hour)
	cfg := townFor(t, days, Scenario{Variations: []Variation{v}})
	cfg.Seed = seed
	got := tallied(t, cfg, 24*time.Hour)
	for day := range days {
		relative = append(relative, float64(got[0].Arrived[day]+got[1].Arrived[day])/(quiet[0].Expected[day]+quiet[1].Expected[day]))
	}
	return relative
}

// moments are mean, variance, and correlation of a day with the one before.
func moments(days []float64) (mean, variance, correlation float64) {
	mean = sum(days) / float64(len(days))
	for i, x := range days {
		variance += (x - mean) * (x - mean)
		if i > 0 {
			correlation += (x - mean) * (days[i-1] - mean)
		}
	}
	return mean, variance / float64(len(days)), correlation / variance
}

func TestQuietDaysDifferByChanceAlone(t *testing.T) {
	days := daily(t, Quiet("TOWN"), 280, 3)
	mean, variance, correlation := moments(days)
	// Of a Poisson process with 360 trucks a day, less on Sundays.
	if math.Abs(mean-1) > 0.01 || variance < 0.0022 || variance > 0.0038 || math.Abs(correlation) > 3/math.Sqrt(280) {
		t.Errorf("mean %.3f, variance %.4f, correlation %.2f", mean, variance, correlation)
	}
	first, _, _ := moments(days[:140])
	second, _, _ := moments(days[140:])
	if math.Abs(first-second) > 0.02 {
		t.Errorf("it drifts from %.3f to %.3f", first, second)
	}
	blocked := func(sc Scenario) (longest int64) {
		var departed []int64
		for _, l := range truths(t, townFor(t, 84, sc)) {
			if l.Direction == "outbound" && l.Released != nil && l.Departed != nil {
				departed = append(departed, *l.Departed)
			}
		}
		slices.Sort(departed)
		for i := 1; i < len(departed); i++ {
			longest = max(longest, departed[i]-departed[i-1])
		}
		return longest
	}
	if quiet, usual := blocked(Scenario{Variations: []Variation{Quiet("")}}), blocked(Scenario{}); quiet > 3*hour || usual < 6*hour {
		t.Errorf("no truck departs for %d minutes at a quiet BCP, and for %d at another", quiet/minute, usual/minute)
	}
}

func TestWildDaysDifferAndPersist(t *testing.T) {
	_, spread, alone := moments(daily(t, Variation{ArrivalSpread: 0.3, NoBlocks: true}, 280, 3))
	if math.Abs(math.Sqrt(spread)-0.3) > 0.04 || math.Abs(alone) > 3/math.Sqrt(280) {
		t.Errorf("the days deviate by %.3f, want 0.3, and correlate by %.2f, want 0", math.Sqrt(spread), alone)
	}
	if _, _, kept := moments(daily(t, Variation{ArrivalSpread: 0.3, Persistence: 0.7, NoBlocks: true}, 280, 3)); kept < 0.55 || kept > 0.8 {
		t.Errorf("the days correlate by %.2f, want about 0.7", kept)
	}
	grown := daily(t, Variation{Trend: 0.1, NoBlocks: true}, 84, 3)
	for month := range 3 {
		mean, _, _ := moments(grown[28*month : 28*month+28])
		if want := math.Pow(1.1, float64(month)+0.5); math.Abs(mean/want-1) > 0.03 {
			t.Errorf("month %d has %.3f times as many trucks, want %.3f", month, mean, want)
		}
	}
}

// The times of the gate of each day: their day factors are the same for all trucks of it.
func TestServiceSpreadMakesSlowAndFastDays(t *testing.T) {
	variance := func(v Variation) float64 {
		of := map[int64][]float64{}
		for _, l := range truths(t, townFor(t, 84, Scenario{Variations: []Variation{v}})) {
			if begins, takes := gateTime(l); takes > 0 {
				of[begins/day] = append(of[begins/day], math.Log(float64(takes)))
			}
		}
		var means []float64
		for _, day := range slices.Sorted(maps.Keys(of)) {
			means = append(means, sum(of[day])/float64(len(of[day])))
		}
		_, v2, _ := moments(means)
		return v2
	}
	quiet, wild := variance(Quiet("")), variance(Variation{ServiceSpread: 0.25, NoBlocks: true})
	if want := math.Log1p(0.25 * 0.25); quiet > 0.002 || wild < want*0.6 || wild > want*1.5 {
		t.Errorf("the logarithm of a day's mean varies by %.4f, and with a spread by %.4f, want %.4f", quiet, wild, want)
	}
}

func TestScenarioOfOnePlaceDoesNotChangeAnother(t *testing.T) {
	b, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	run := func(sc Scenario) map[string][]string {
		of := map[string][]string{}
		for _, l := range truths(t, Config{Places: b, From: start, Until: after(4), Seed: 7, Scenario: sc}) {
			of[l.BCP] = append(of[l.BCP], l.Visit+" "+l.story())
		}
		return of
	}
	const torkham = "AF-NAN-TORKHAM"
	usual, got := run(Scenario{}), run(Scenario{
		Interventions: []Intervention{{Place: torkham, ServiceFactor: 0.5, LanesFactor: 0.5}, {Place: torkham, ArrivalFactor: 2}},
		Outages:       []Outage{{Place: torkham}},
		Holidays:      []Holiday{{Name: "a day", Place: torkham, Date: "2026-01-06"}},
		Variations:    []Variation{{Place: torkham, ArrivalSpread: 0.2}},
	})
	if len(usual) != 9 {
		t.Fatalf("%d BCPs have trucks", len(usual))
	}
	for id := range usual {
		if same := slices.Equal(usual[id], got[id]); same != (id != torkham) {
			t.Errorf("%s: the truth is the same: %v", id, same)
		}
	}
}
