package simulator

import (
	"cmp"
	"math"
	"reflect"
	"slices"
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
	b, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	run := func(i ...Intervention) []TruthLine {
		return truths(t, Config{Places: b, From: start, Until: after(20), Seed: 7, Scenario: Scenario{Variations: []Variation{{}}, Interventions: i}})
	}
	from := after(12).UnixMilli()
	faster := map[string]TruthLine{}
	for _, l := range run(Intervention{Stage: StageGate, From: after(12), ServiceFactor: 2.0 / 3}) {
		faster[l.Visit] = l
	}
	usual := run()
	if len(usual) != len(faster) {
		t.Errorf("%d trucks, %d with the intervention", len(usual), len(faster))
	}
	var before, since int
	for _, l := range usual {
		other, ok := faster[l.Visit]
		if !ok || !reflect.DeepEqual(other.Arrived, l.Arrived) {
			t.Fatalf("with the intervention %s arrives at another time, or not at all", l.Visit)
		}
		was, wasTakes := gateTime(l)
		is, isTakes := gateTime(other)
		switch {
		case was == 0 || is == 0:
		case max(was, is) < from:
			before++
			if is != was || isTakes != wasTakes {
				t.Fatalf("%s: before the day the gate took %d ms at %d, and %d at %d", l.Visit, wasTakes, was, isTakes, is)
			}
		case is >= from:
			since++
			if want := max(int64(math.Round(float64(wasTakes)*2/3)), 5*second); isTakes != want {
				t.Fatalf("%s: the gate took %d ms, was %d, want %d", l.Visit, isTakes, wasTakes, want)
			}
		}
	}
	if before < 30_000 || since < 20_000 {
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

// A surge that begins and ends within a quarter of an hour does so to the millisecond.
func TestFactorsBeginAndEndAtTheirInstants(t *testing.T) {
	from, until := after(5).Add(10*time.Hour+61*time.Second), after(5).Add(10*time.Hour+13*time.Minute)
	cfg := townFor(t, 10, Scenario{Interventions: []Intervention{{From: from, Until: until, ArrivalFactor: 100}}})
	var during, around int
	for _, l := range truths(t, cfg) {
		if l.Arrived == nil {
			continue
		}
		switch at := *l.Arrived; {
		case from.UnixMilli() <= at && at < until.UnixMilli():
			during++
		case after(5).Add(10*time.Hour).UnixMilli() <= at && at < after(5).Add(10*time.Hour+15*time.Minute).UnixMilli():
			around++
		}
	}
	usual := tallied(t, townFor(t, 10, Scenario{}), time.Minute)
	rate := usual[0].Expected[(5*24+10)*60] + usual[1].Expected[(5*24+10)*60]
	if want := rate * 100 * until.Sub(from).Minutes(); !near(float64(during), want) {
		t.Errorf("%d trucks in the surge, want %v", during, want)
	}
	if around > 6 {
		t.Errorf("%d trucks in the three minutes around it", around)
	}
	if got, want := sum(tallied(t, cfg, 15*time.Minute)[0].Expected), sum(usual[0].Expected); math.Abs(got-want-usual[0].Expected[(5*24+10)*60]*99*until.Sub(from).Minutes()) > 1e-6 {
		t.Errorf("%v trucks are expected, usually %v", got, want)
	}
}

// Trucks whose arrival is planned declare ahead as the others do.
func TestPlannedTrucksDeclareAhead(t *testing.T) {
	share := func(sc Scenario) float64 {
		declared := map[string]int64{}
		var ahead, trucks float64
		messages, _ := sent(t, townFor(t, 20, sc))
		slices.SortStableFunc(messages, func(a, b message) int { return cmp.Compare(a.time, b.time) })
		for _, m := range messages {
			switch id := visitOf(m.text); m.typ {
			case event.DeclarationLodged:
				declared[id] = m.time
			case event.TruckArrived:
				trucks++
				if at, ok := declared[id]; ok {
					ahead++
					if early := m.time - at; early > day || early < hour && m.time > after(1).UnixMilli() {
						t.Fatalf("%s declares %d minutes ahead", id, early/minute)
					}
				}
			}
		}
		return ahead / trucks
	}
	if usual, planned := share(Scenario{}), share(Scenario{Variations: []Variation{Quiet("")}}); math.Abs(usual-planned) > 0.02 || usual < 0.15 {
		t.Errorf("%.3f of the trucks declare ahead, and %.3f of those that are planned", usual, planned)
	}
}
