package simulator_test

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

var monday = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

const allFaults = "late=10%,duplicate=2%,retract=0.5%,lost=0.1%,cut=12h,skew=5m"

func config(t testing.TB, days int, seed uint64, faults string) simulator.Config {
	t.Helper()
	b, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	f, err := simulator.ParseFaults(faults)
	if err != nil {
		t.Fatal(err)
	}
	return simulator.Config{
		Places: b, From: monday, Until: monday.Add(time.Duration(days) * 24 * time.Hour), Seed: seed, Faults: f,
	}
}

// play runs a configuration and shows each emission.
func play(t testing.TB, cfg simulator.Config, each func(simulator.Emission)) (truth []simulator.TruthLine) {
	t.Helper()
	cfg.Truth = func(l simulator.TruthLine) { truth = append(truth, l) }
	s, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for e, ok := s.Next(); ok; e, ok = s.Next() {
		each(e)
	}
	return truth
}

func ignore(simulator.Emission) {}

// write writes all that an emission says.
func write(w io.Writer, e simulator.Emission) {
	v := *e.Event
	_, _ = fmt.Fprintf(w, "%d %q %v %q %q %q %d %d %d %v %v %v %v %v %v %q %d %d %d %q %q %d\n",
		e.At, e.Key, e.AllPartitions, v.ID, v.Source, v.Subject, v.Type, v.Time, v.Recorded, v.BCP, v.Direction, v.Channel,
		v.Regime, v.Agency, v.Kind, v.Lane, v.Vehicles, v.WaitSeconds, v.AgeSeconds, v.RetractedID, v.RetractedSource,
		v.RetractedTime)
}

func TestSameSeedGivesTheSameEventsAndTruth(t *testing.T) {
	run := func(seed uint64) (uint64, []simulator.TruthLine) {
		h := fnv.New64a()
		truth := play(t, config(t, 1, seed, allFaults), func(e simulator.Emission) { write(h, e) })
		return h.Sum64(), truth
	}
	a, truthA := run(7)
	b, truthB := run(7)
	if a != b || !reflect.DeepEqual(truthA, truthB) {
		t.Error("two runs with one seed differ")
	}
	if c, _ := run(8); a == c {
		t.Error("two seeds give the same events")
	}
}

func TestBCPDoesNotDependOnOtherBCPs(t *testing.T) {
	cfg := config(t, 3, 7, "")
	all := play(t, cfg, ignore)
	alone := *cfg.Places
	alone.Places = alone.Places[:1]
	cfg.Places = &alone
	one := play(t, cfg, ignore)
	all = slices.DeleteFunc(all, func(l simulator.TruthLine) bool { return l.BCP != alone.Places[0].ID })
	if len(one) == 0 || !reflect.DeepEqual(all, one) {
		t.Errorf("%d visits among others, %d alone, and not the same", len(all), len(one))
	}
}

func TestTimeIsConserved(t *testing.T) {
	var inside, departed int
	for _, l := range play(t, config(t, 7, 7, allFaults), ignore) {
		if l.Arrived == nil {
			if len(l.Segments) != 0 {
				t.Fatalf("%s has not come and has segments %+v", l.Visit, l.Segments)
			}
			continue
		}
		at := *l.Arrived
		for i, g := range l.Segments {
			last := i == len(l.Segments)-1
			switch {
			case g.Start != at:
				t.Fatalf("%s: segment %d starts at %d, want %d", l.Visit, i, g.Start, at)
			case g.End == nil && (!last || l.Departed != nil):
				t.Fatalf("%s: segment %d has no end", l.Visit, i)
			case g.End != nil && *g.End <= g.Start:
				t.Fatalf("%s: segment %d is empty", l.Visit, i)
			case i > 0 && g.Phase == l.Segments[i-1].Phase && g.Holder == l.Segments[i-1].Holder:
				t.Fatalf("%s: segments %d and %d are one", l.Visit, i-1, i)
			case (g.Holder == "unknown") != (g.End == nil && g.Phase == "wait"):
				t.Fatalf("%s: segment %d is %s/%s", l.Visit, i, g.Phase, g.Holder)
			}
			if g.End != nil {
				at = *g.End
			}
		}
		if l.Departed == nil {
			inside++
			continue
		}
		departed++
		if at != *l.Departed {
			t.Fatalf("%s: segments end at %d, departed at %d", l.Visit, at, *l.Departed)
		}
	}
	if inside < 500 || departed < 10_000 {
		t.Errorf("%d inside and %d departed after a week are too few", inside, departed)
	}
}

func TestNoEventIsSentBeforeItHappened(t *testing.T) {
	var before int64
	ids, visits := map[string]bool{}, map[string]bool{}
	cfg := config(t, 4, 3, allFaults)
	truth := play(t, cfg, func(e simulator.Emission) {
		v := e.Event
		if e.At < before {
			t.Fatalf("%s is delivered at %d, after one of %d", v.ID, e.At, before)
		}
		before = e.At
		if ahead := v.Time - e.At; ahead > simulator.MaxSkew.Milliseconds() {
			t.Fatalf("%s is %d ms ahead of its delivery", v.ID, ahead)
		}
		if string(e.Key) != string(v.Subject) || e.AllPartitions != v.Type.OfPlace() {
			t.Fatalf("%s: key %q, subject %q, to all partitions: %v", v.ID, e.Key, v.Subject, e.AllPartitions)
		}
		ids[string(v.ID)] = true
		if v.Type.OfVisit() {
			visits[string(v.Subject)] = true
		}
	})
	reported := map[string]bool{}
	for _, l := range truth {
		if reported[l.Visit] {
			t.Fatalf("%s is reported twice", l.Visit)
		}
		reported[l.Visit] = true
		if !l.Lost && !visits[l.Visit] {
			t.Fatalf("%s has a truth and no event", l.Visit)
		}
	}
	for id := range visits {
		if !reported[id] {
			t.Fatalf("%s has events and no truth", id)
		}
	}
}

func TestEveryEventDecodes(t *testing.T) {
	cfg := config(t, 2, 9, allFaults)
	voc, err := cfg.Places.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	decoder := event.NewDecoder(voc, simulator.MaxSkew)
	types := map[event.Type]bool{}
	var message []byte
	play(t, cfg, func(e simulator.Emission) {
		types[e.Event.Type] = true
		message = event.AppendStructured(message[:0], voc, e.Event)
		var again event.Event
		if no := decoder.Decode(&event.Record{Key: e.Key, Value: message, Time: e.At}, &again); no != nil {
			t.Fatalf("%s is refused: %v", message, no)
		}
		if back := event.AppendStructured(nil, voc, &again); string(back) != string(message) {
			t.Fatalf("sent %s\n got %s", message, back)
		}
		decoder.Reset()
	})
	for _, want := range event.Types() {
		if !types[want] {
			t.Errorf("no %s was sent", want)
		}
	}
}

// The table of published figures is in calibration.yaml.
func TestCrossingTimesMatchTheCalibration(t *testing.T) {
	published := map[string]float64{
		"AF-NAN-TORKHAM": 24.2, "AF-KAN-SPINBOLDAK": 20.2, "AF-KDZ-SHERKHANBANDAR": 17.3, "": 19.5,
	}
	hours, trucks := map[string]float64{}, map[string]float64{}
	settled := monday.Add(4 * 24 * time.Hour).UnixMilli()
	for _, l := range play(t, config(t, 28, 1, ""), ignore) {
		if l.Departed != nil && *l.Arrived >= settled {
			hours[l.BCP] += float64(*l.Departed-*l.Arrived) / 3.6e6
			trucks[l.BCP]++
		}
	}
	if len(hours) != 9 {
		t.Fatalf("%d BCPs have trucks, want 9", len(hours))
	}
	for id := range hours {
		want, ok := published[id]
		if !ok {
			want = published[""]
		}
		if got := hours[id] / trucks[id]; got < want*0.85 || got > want*1.15 {
			t.Errorf("%s: a crossing takes %.1f h, published %.1f h", id, got, want)
		}
	}
	if perDay := trucks["AF-NAN-TORKHAM"] / 23; perDay < 500 || perDay > 1200 {
		t.Errorf("Torkham has %.0f trucks a day, published 500 to 1,200", perDay)
	}
	if perDay := trucks["AF-HER-ISLAMQALA"] / 23; perDay < 540 || perDay > 660 {
		t.Errorf("Islam Qala has %.0f trucks a day, published about 600", perDay)
	}
}

func TestSpinBoldakWorksOnlyWhileOpen(t *testing.T) {
	cfg := config(t, 7, 7, "")
	p := cfg.Places.Place("AF-KAN-SPINBOLDAK")
	voc, err := cfg.Places.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	code, _ := voc.BCP([]byte(p.ID))
	var opened, closed, lanes int
	play(t, cfg, func(e simulator.Emission) {
		v := e.Event
		if v.BCP != code {
			return
		}
		open := p.OpenAt(time.UnixMilli(v.Time))
		switch v.Type {
		case event.BCPOpened:
			opened++
		case event.BCPClosed:
			closed++
		case event.LaneOpened:
			lanes++
		case event.LaneClosed:
			lanes--
		case event.ChannelAssigned, event.TruckReleased:
			if !open {
				t.Fatalf("%s while closed, at %s", v.Type, time.UnixMilli(v.Time).In(p.Zone))
			}
		case event.InspectionStarted:
			if len(v.Lane) > 0 && !open {
				t.Fatalf("a lane takes a truck while closed, at %s", time.UnixMilli(v.Time).In(p.Zone))
			}
		}
	})
	if opened != 7 || closed != 1+7 || lanes != 0 { // it begins closed, and says so
		t.Errorf("opened %d times, closed %d times, %d lanes more opened than closed", opened, closed, lanes)
	}
}

func TestReadingsSayWhetherTheQueueIsOpen(t *testing.T) {
	posts, seen := map[event.BCP]event.QueueState{}, map[event.QueueState]int{}
	play(t, config(t, 2, 3, ""), func(e simulator.Emission) {
		switch r := e.Event; r.Type {
		case event.BCPOpened:
			posts[r.BCP] = event.OpenState
		case event.BCPClosed:
			posts[r.BCP] = event.ClosedState
		case event.QueueObserved:
			seen[r.State]++
			if is, known := posts[r.BCP]; known && r.State != is && r.Vehicles != event.Unknown {
				t.Errorf("a reading at %d says that the queue is %s, and the post is %s", r.Time, r.State, is)
			}
		}
	})
	if len(seen) != 3 || seen[event.PausedState] > 0 {
		t.Errorf("the readings have the states %v, want open, closed and unknown", seen)
	}
}

func TestEndlessRunDoesNotEnd(t *testing.T) {
	cfg := config(t, 1, 7, allFaults)
	cfg.Until = time.Time{}
	var last int64
	cfg.Truth = func(l simulator.TruthLine) {
		if l.Arrived != nil && l.Departed == nil {
			t.Fatalf("%s is reported while it is inside", l.Visit)
		}
	}
	s, err := simulator.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	for range 250_000 {
		e, ok := s.Next()
		if !ok {
			t.Fatal("it has ended")
		}
		last = e.At
	}
	if last < monday.Add(6*24*time.Hour).UnixMilli() {
		t.Errorf("250,000 events took it only to %s", time.UnixMilli(last).UTC())
	}
}

func TestTruthLineIsJSON(t *testing.T) {
	end, net := int64(2000), int64(400)
	l := simulator.TruthLine{
		Visit: "V", BCP: "B", Direction: "inbound", Regime: "import", Arrived: &end,
		Segments: []simulator.TruthSegment{{Phase: "wait", Holder: "customs", Start: 1000, End: &end, Net: &net}, {Phase: "wait", Holder: "unknown", Start: 2000}},
	}
	got, err := json.Marshal(l)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"visit":"V","bcp":"B","direction":"inbound","channel":"","regime":"import","arrived":2000,"released":null,` +
		`"refused":null,"departed":null,"release_net":null,"crossing_net":null,` +
		`"segments":[{"phase":"wait","holder":"customs","start":1000,"end":2000,"net":400},` +
		`{"phase":"wait","holder":"unknown","start":2000,"end":null,"net":null}]}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestInvalidConfigIsRefused(t *testing.T) {
	for _, c := range []struct {
		change func(*simulator.Config)
		want   string
	}{
		{func(c *simulator.Config) { c.Places = nil }, "no places"},
		{func(c *simulator.Config) { c.From = time.Time{} }, `from "0001-01-01`},
		{func(c *simulator.Config) { c.Until = c.From }, `until "2026-01-05`},
	} {
		cfg := config(t, 1, 1, "")
		c.change(&cfg)
		if _, err := simulator.New(cfg); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
	}
}

// BenchmarkNext measures events per second on one core, faults and truth included.
func BenchmarkNext(b *testing.B) {
	cfg := config(b, 1, 7, allFaults)
	cfg.Until = time.Time{}
	cfg.Truth = func(simulator.TruthLine) {}
	s, err := simulator.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Next()
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}
