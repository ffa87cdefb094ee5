package simulator

import (
	"fmt"
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

const oneTown = `
agencies:
  - {code: customs, names: {en: Customs}}
  - {code: border_police, names: {en: Border police}}
  - {code: plant_quarantine, names: {en: Plant quarantine}}
  - {code: transport, names: {en: Transport}}
places:
  - id: TOWN
    names: {en: Town}
    time_zone: UTC
    neighbour: {id: OTHER, names: {en: Other}}
    position: {latitude: 0, longitude: 0}
`

// town is a BCP at which nothing goes on by itself, at 08:00.
func town(t *testing.T, truth func(TruthLine)) (*Simulator, *post) {
	t.Helper()
	b, err := place.Parse("town.yaml", []byte(oneTown))
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{Places: b, From: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC), Truth: truth})
	if err != nil {
		t.Fatal(err)
	}
	s.happens = agenda[occurrence]{}
	return s, s.posts[0]
}

// send lets a truck with this plan arrive.
func (p *post) send(id string, d event.Direction, steps ...step) {
	t := &truck{visit: &visit{post: p, id: []byte(id), begun: p.sim.now, direction: d}, steps: steps}
	p.trucks[t] = struct{}{}
	p.after(0, t, truckArrives)
}

// drain plays to the end.
func drain(s *Simulator) {
	for more := true; more; {
		_, more = s.Next()
	}
}

// clockTime tells a time of the day to the minute, or to the second where it matters.
func clockTime(ms int64) string {
	t := time.UnixMilli(ms).UTC()
	if t.Second() == 0 {
		return t.Format("15:04")
	}
	return t.Format("15:04:05")
}

func (l TruthLine) story() string {
	var parts []string
	for _, g := range l.Segments {
		end := "..."
		if g.End != nil {
			end = clockTime(*g.End)
		}
		parts = append(parts, fmt.Sprintf("%s/%s %s-%s", g.Phase, g.Holder, clockTime(g.Start), end))
	}
	return strings.Join(parts, "; ")
}

func TestStories(t *testing.T) {
	const customs, police, plants, transport = event.Agency(3), event.Agency(1), event.Agency(4), event.Agency(6)
	look := func(a event.Agency, k event.InspectionKind, after, takes int64) step {
		return step{op: inspect, agency: a, kind: k, station: bay, delay: after * minute, takes: takes * minute}
	}
	goes := []step{{op: release, delay: 10 * minute}, {op: depart, delay: 5 * minute}}
	f := func(story string, steps []step, want string) {
		t.Helper()
		var got string
		s, p := town(t, func(l TruthLine) { got = l.story() })
		for i, a := range []event.Agency{customs, police, plants, transport} {
			name := []string{"customs", "border_police", "plant_quarantine", "transport"}[i]
			if s.voc.HolderName(a) != name {
				t.Fatalf("agency %d is %q, want %q", a, s.voc.HolderName(a), name)
			}
		}
		p.send("T1", event.Inbound, steps...)
		drain(s)
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", story, got, want)
		}
	}

	f("an empty truck waits for customs alone", goes,
		"wait/customs 08:00-08:10; exit/carrier 08:10-08:15")
	f("a truck waits for the one that acts next",
		append([]step{
			look(police, event.ImmigrationSecurity, 5, 4),
			{op: lodge, delay: hour},
			{op: assign, delay: minute},
			look(customs, event.Document, 2, 10),
			{op: pay, delay: 30 * minute},
		}, goes...),
		"wait/border_police 08:00-08:05; service/border_police 08:05-08:09; wait/trader 08:09-09:09; "+
			"wait/customs 09:09-09:12; service/customs 09:12-09:22; wait/trader 09:22-09:52; "+
			"wait/customs 09:52-10:02; exit/carrier 10:02-10:07")
	joint := look(customs, event.Physical, 0, 30)
	joint.second, joint.secondKind = plants, event.SPS
	joint.secondAfter, joint.secondTakes = 10*minute, 40*minute
	f("of a joint inspection the first to begin has the truck until it is done", append([]step{joint}, goes...),
		"service/customs 08:00-08:30; service/plant_quarantine 08:30-08:50; wait/customs 08:50-09:00; exit/carrier 09:00-09:05")
	joint.secondTakes = 15 * minute
	f("a second agency that is done before the first never had it", append([]step{joint}, goes...),
		"service/customs 08:00-08:30; wait/customs 08:30-08:40; exit/carrier 08:40-08:45")
	joint.pays = 20 * minute
	f("a payment during an inspection ends no wait", append([]step{joint}, goes...),
		"service/customs 08:00-08:30; wait/customs 08:30-08:40; exit/carrier 08:40-08:45")
	held := step{op: detain, agency: plants, takes: 5 * hour}
	f("a hold placed as the inspection ends leaves no wait between",
		append([]step{look(plants, event.SPS, 0, 20), held}, goes...),
		"service/plant_quarantine 08:00-08:20; hold/plant_quarantine 08:20-13:20; "+
			"wait/customs 13:20-13:30; exit/carrier 13:30-13:35")
	held.delay = 30 * minute
	f("a hold placed later is waited for",
		append([]step{look(customs, event.Document, 0, 20), held}, goes...),
		"service/customs 08:00-08:20; wait/plant_quarantine 08:20-08:50; hold/plant_quarantine 08:50-13:50; "+
			"wait/customs 13:50-14:00; exit/carrier 14:00-14:05")
	again := held
	again.second, again.secondKind, again.secondAfter, again.secondTakes = customs, event.Physical, hour, hour
	f("an inspection interrupts a hold", append([]step{again}, goes...),
		"wait/plant_quarantine 08:00-08:30; hold/plant_quarantine 08:30-09:30; service/customs 09:30-10:30; "+
			"hold/plant_quarantine 10:30-13:30; wait/customs 13:30-13:40; exit/carrier 13:40-13:45")
	both := held
	both.second, both.secondAfter, both.secondTakes = police, 4*hour, 3*hour
	f("of two holds the first has the truck until it is lifted", append([]step{both}, goes...),
		"wait/plant_quarantine 08:00-08:30; hold/plant_quarantine 08:30-13:30; hold/border_police 13:30-15:30; "+
			"wait/customs 15:30-15:40; exit/carrier 15:40-15:45")
	f("a refused truck waits for its carrier to turn back",
		[]step{{op: refuse, delay: 10 * minute}, {op: depart, delay: hour}},
		"wait/customs 08:00-08:10; wait/carrier 08:10-09:10")
	f("after release the carrier has it, weighbridge or not",
		[]step{goes[0], {op: weigh, agency: transport, kind: event.Weighbridge, delay: minute, takes: 4 * minute}, goes[1]},
		"wait/customs 08:00-08:10; exit/carrier 08:10-08:20")
	f("what is paid after departure is no part of the crossing", append(goes[:2:2], step{op: settle, delay: hour}),
		"wait/customs 08:00-08:10; exit/carrier 08:10-08:15")
}

func TestHolderOfATruckStillInside(t *testing.T) {
	f := func(story, want string, steps ...step) {
		t.Helper()
		var got TruthLine
		s, p := town(t, func(l TruthLine) { got = l })
		s.until = s.now + hour
		p.send("T1", event.Inbound, steps...)
		drain(s)
		if got.story() != want {
			t.Errorf("%s:\n got %s\nwant %s", story, got.story(), want)
		}
		if got.Departed != nil || got.Segments[len(got.Segments)-1].End != nil {
			t.Errorf("%s: it has an end", story)
		}
	}
	late := step{op: pay, delay: 2 * hour}
	f("before any event, the holder of a wait is unknown", "wait/unknown 08:00-...", late)
	f("a known holder of a wait stays known", "wait/trader 08:00-08:20; wait/unknown 08:20-...",
		step{op: lodge, delay: 10 * minute}, step{op: pay, delay: 10 * minute}, late)
	f("an inspection is in progress", "wait/customs 08:00-08:10; service/customs 08:10-...",
		step{op: inspect, agency: 3, kind: event.Physical, station: bay, delay: 10 * minute, takes: 2 * hour}, late)
	f("a hold is in progress", "wait/customs 08:00-08:10; hold/customs 08:10-...",
		step{op: detain, agency: 3, delay: 10 * minute, takes: 2 * hour}, late)
	f("a released truck is its carrier's", "wait/customs 08:00-08:10; exit/carrier 08:10-...",
		step{op: release, delay: 10 * minute}, step{op: depart, delay: 2 * hour})
	f("a refused truck waits, perhaps to be released after all", "wait/customs 08:00-08:10; wait/unknown 08:10-...",
		step{op: refuse, delay: 10 * minute}, step{op: depart, delay: 2 * hour})
}

func TestTrucksQueueForALane(t *testing.T) {
	stories := map[string]string{}
	s, p := town(t, func(l TruthLine) { stories[l.Visit] = l.story() })
	p.stations[bay].open = 1
	search := step{op: inspect, agency: p.voc.Customs, kind: event.Physical, station: bay, delay: minute, takes: hour}
	for _, id := range []string{"T1", "T2", "T3"} {
		p.send(id, event.Inbound, search, step{op: release, delay: minute}, step{op: depart, delay: minute})
	}
	drain(s)
	for id, want := range map[string]string{
		"T1": "wait/customs 08:00-08:01; service/customs 08:01-09:01; wait/customs 09:01-09:02; exit/carrier 09:02-09:03",
		"T2": "wait/customs 08:00-09:01; service/customs 09:01-10:01; wait/customs 10:01-10:02; exit/carrier 10:02-10:03",
		"T3": "wait/customs 08:00-10:01; service/customs 10:01-11:01; wait/customs 11:01-11:02; exit/carrier 11:02-11:03",
	} {
		if stories[id] != want {
			t.Errorf("%s:\n got %s\nwant %s", id, stories[id], want)
		}
	}
}

func TestBlockedFarSideHoldsOutboundTrucks(t *testing.T) {
	departed := map[string]int64{}
	s, p := town(t, func(l TruthLine) { departed[l.Visit] = *l.Departed })
	start := s.now
	goes := []step{{op: release, delay: minute}, {op: depart, delay: minute}}
	p.send("IN", event.Inbound, goes...)
	p.send("OUT1", event.Outbound, goes...)
	p.send("OUT2", event.Outbound, goes...)
	p.blocked = true
	p.cal.FarSide.BlocksEvery = 1000 * 24 * time.Hour
	p.after(6*hour, nil, farSideChanges)
	s.until = start + 8*hour
	drain(s)
	if departed["IN"] != start+2*minute {
		t.Errorf("the inbound truck left at %s", clockTime(departed["IN"]))
	}
	if a, b := departed["OUT1"], departed["OUT2"]; a <= start+6*hour || b <= a || b > start+6*hour+10*minute {
		t.Errorf("the outbound trucks left at %s and %s", clockTime(a), clockTime(b))
	}
}
