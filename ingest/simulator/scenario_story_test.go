package simulator

import (
	"testing"
	"time"

	"dwell/ingest/event"
)

// A truck that passes every stage. The service of each is twice as fast in turn.
func TestServiceFactorShortensItsStageAlone(t *testing.T) {
	const customs, police, transport = event.Agency(3), event.Agency(1), event.Agency(6)
	usual := "wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-09:14; wait/customs 09:14-09:36; " +
		"service/customs 09:36-09:46; wait/transport 09:46-09:48; service/transport 09:48-09:52; wait/customs 09:52-10:22; " +
		"hold/customs 10:22-12:22; wait/trader 12:22-12:52; wait/customs 12:52-13:02; exit/carrier 13:02-13:32"
	for _, c := range []struct {
		what string
		i    Intervention
		want string
	}{
		{"nothing", Intervention{Stage: StageScan}, usual},
		{
			"the gate",
			Intervention{Stage: StageGate},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:12; wait/trader 08:12-09:12; wait/customs 09:12-09:34; " +
				"service/customs 09:34-09:44; wait/transport 09:44-09:46; service/transport 09:46-09:50; wait/customs 09:50-10:20; " +
				"hold/customs 10:20-12:20; wait/trader 12:20-12:50; wait/customs 12:50-13:00; exit/carrier 13:00-13:30",
		},
		{
			"the papers",
			Intervention{Stage: StageDocument},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-09:14; wait/customs 09:14-09:36; " +
				"service/customs 09:36-09:41; wait/transport 09:41-09:43; service/transport 09:43-09:47; wait/customs 09:47-10:17; " +
				"hold/customs 10:17-12:17; wait/trader 12:17-12:47; wait/customs 12:47-12:57; exit/carrier 12:57-13:27",
		},
		{
			"the hold",
			Intervention{Stage: StageHold},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-09:14; wait/customs 09:14-09:36; " +
				"service/customs 09:36-09:46; wait/transport 09:46-09:48; service/transport 09:48-09:52; wait/customs 09:52-10:22; " +
				"hold/customs 10:22-11:22; wait/trader 11:22-11:52; wait/customs 11:52-12:02; exit/carrier 12:02-12:32",
		},
		{
			"the payment",
			Intervention{Stage: StagePayment},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-09:14; wait/customs 09:14-09:36; " +
				"service/customs 09:36-09:46; wait/transport 09:46-09:48; service/transport 09:48-09:52; wait/customs 09:52-10:22; " +
				"hold/customs 10:22-12:22; wait/trader 12:22-12:37; wait/customs 12:37-12:47; exit/carrier 12:47-13:17",
		},
		{
			"all that the trader does",
			Intervention{Agency: "trader"},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-08:44; wait/customs 08:44-09:06; " +
				"service/customs 09:06-09:16; wait/transport 09:16-09:18; service/transport 09:18-09:22; wait/customs 09:22-09:52; " +
				"hold/customs 09:52-11:52; wait/trader 11:52-12:07; wait/customs 12:07-12:17; exit/carrier 12:17-12:47",
		},
		{
			"customs, which also assigns and releases",
			Intervention{Agency: "customs"},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-09:14; wait/customs 09:14-09:26; " +
				"service/customs 09:26-09:31; wait/transport 09:31-09:33; service/transport 09:33-09:37; wait/customs 09:37-10:07; " +
				"hold/customs 10:07-11:07; wait/trader 11:07-11:37; wait/customs 11:37-11:42; exit/carrier 11:42-12:12",
		},
		{
			"the channel",
			Intervention{Stage: StageChannel},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:14; wait/trader 08:14-09:14; wait/customs 09:14-09:26; " +
				"service/customs 09:26-09:36; wait/transport 09:36-09:38; service/transport 09:38-09:42; wait/customs 09:42-10:12; " +
				"hold/customs 10:12-12:12; wait/trader 12:12-12:42; wait/customs 12:42-12:52; exit/carrier 12:52-13:22",
		},
		{
			"all that agencies do",
			Intervention{},
			"wait/border_police 08:00-08:10; service/border_police 08:10-08:12; wait/trader 08:12-09:12; wait/customs 09:12-09:24; " +
				"service/customs 09:24-09:29; wait/transport 09:29-09:31; service/transport 09:31-09:33; wait/customs 09:33-10:03; " +
				"hold/customs 10:03-11:03; wait/trader 11:03-11:33; wait/customs 11:33-11:38; exit/carrier 11:38-12:08",
		},
		{"the departure", Intervention{Stage: StageDeparture}, usual[:len(usual)-len("13:32")] + "13:17"},
		{"the other direction", Intervention{Direction: event.Outbound}, usual},
		{"until the truck came", Intervention{Until: time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)}, usual},
		{
			"from an instant at which the payment has begun",
			Intervention{From: time.Date(2026, 1, 5, 12, 50, 0, 0, time.UTC)},
			usual[:len(usual)-len("13:02; exit/carrier 13:02-13:32")] + "12:57; exit/carrier 12:57-13:27",
		},
	} {
		var got string
		s, p := town(t, func(l TruthLine) { got = l.story() })
		c.i.ServiceFactor = 0.5
		sc := Scenario{Interventions: []Intervention{c.i}}
		p.effects = sc.effects(p, 1)
		p.send("T1", event.Inbound,
			step{op: inspect, agency: police, kind: event.ImmigrationSecurity, station: gateIn, delay: 10 * minute, takes: 4 * minute},
			step{op: lodge, delay: hour},
			step{op: assign, delay: 20 * minute},
			step{op: inspect, agency: customs, kind: event.Document, station: documents, delay: 2 * minute, takes: 10 * minute},
			step{op: inspect, agency: transport, kind: event.Weighbridge, station: weighbridge, delay: 2 * minute, takes: 4 * minute},
			step{op: detain, agency: customs, delay: 30 * minute, takes: 2 * hour},
			step{op: pay, delay: 30 * minute},
			step{op: release, delay: 10 * minute},
			step{op: depart, delay: 30 * minute})
		drain(s)
		if got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got, c.want)
		}
	}
}

// What happens during an inspection or a hold stays within it, however short it becomes.
func TestFactorsKeepTheOrderOfJointWork(t *testing.T) {
	const customs, plants = event.Agency(3), event.Agency(4)
	joint := step{
		op: inspect, agency: customs, kind: event.Physical, station: bay, takes: 30 * minute, pays: 20 * minute,
		second: plants, secondKind: event.SPS, secondAfter: 10 * minute, secondTakes: 40 * minute,
	}
	again := step{
		op: detain, agency: plants, takes: 5 * hour,
		second: customs, secondKind: event.Physical, secondAfter: hour, secondTakes: hour,
	}
	f := func(agency string, factor float64, s step, want string) {
		t.Helper()
		var got string
		sim, p := town(t, func(l TruthLine) { got = l.story() })
		sc := Scenario{Interventions: []Intervention{{Agency: agency, ServiceFactor: factor}}}
		p.effects = sc.effects(p, 1)
		p.send("T1", event.Inbound, s, step{op: depart, delay: minute})
		drain(sim)
		if got != want {
			t.Errorf("%s, %v:\n got %s\nwant %s", agency, factor, got, want)
		}
	}
	f("", 0.5, joint, "service/customs 08:00-08:15; service/plant_quarantine 08:15-08:25; wait/carrier 08:25-08:26")
	f("customs", 0.5, joint, "service/customs 08:00-08:15; service/plant_quarantine 08:15-08:45; wait/carrier 08:45-08:46")
	f("plant_quarantine", 0.5, joint, "service/customs 08:00-08:30; wait/carrier 08:30-08:31")
	f("", 0.01, joint, "service/customs 08:00-08:00:18; service/plant_quarantine 08:00:18-08:00:30; wait/carrier 08:00:30-08:01:30")
	f("", 0.5, again, "hold/plant_quarantine 08:00-08:30; service/customs 08:30-09:00; hold/plant_quarantine 09:00-10:30; wait/carrier 10:30-10:31")
	f("customs", 0.5, again, "hold/plant_quarantine 08:00-09:00; service/customs 09:00-09:30; hold/plant_quarantine 09:30-13:00; wait/carrier 13:00-13:01")
	// The inspection of customs takes all of the hold but a millisecond before and after it.
	f("plant_quarantine", 0.1, again, "hold/plant_quarantine 08:00-08:00; service/customs 08:00-08:29:59; hold/plant_quarantine 08:29:59-08:30; wait/carrier 08:30-08:31")
}
