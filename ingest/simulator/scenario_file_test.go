package simulator

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

func TestScenarioOfTheReadmeIsRead(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ := strings.Cut(string(readme), "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	afghanistan, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	got, err := ParseScenario([]byte(text), start, afghanistan)
	if err != nil {
		t.Fatal(err)
	}
	kabul := afghanistan.Places[0].Zone
	local := func(month time.Month, day, hour int) time.Time {
		return time.Date(2026, month, day, hour, 0, 0, 0, kabul)
	}
	hours := func(h int) time.Time { return start.Add(time.Duration(h) * time.Hour) }
	want := Scenario{
		Interventions: []Intervention{
			{Place: "AF-NAN-TORKHAM", Stage: StageGate, From: hours(720), ServiceFactor: 0.6667},
			{Place: "AF-NAN-TORKHAM", Agency: "customs", From: local(2, 16, 0), Until: local(2, 18, 0), ServiceFactor: 2},
			{Place: "AF-HER-ISLAMQALA", Direction: event.Inbound, From: local(2, 10, 6), Until: local(2, 10, 12), ArrivalFactor: 4},
			{Place: "AF-HER-ISLAMQALA", Stage: StagePhysical, From: local(2, 20, 0), LanesFactor: 0.5},
		},
		Outages: []Outage{
			{Place: "AF-NIM-ZARANJ", Agency: "border_police", From: hours(480), Until: hours(492)},
			{Place: "AF-BAL-HAIRATAN", From: local(1, 30, 0), Until: local(1, 31, 0), Late: true},
			{Place: "AF-NIM-ZARANJ", Types: []event.Type{event.QueueObserved}, From: hours(600), Until: hours(700)},
		},
		Holidays: []Holiday{
			{Name: "Liberation day", Date: "2026-02-15"},
			{Name: "Inventory", Place: "AF-FYB-AQINA", Date: "2026-02-03", Days: 2, Closed: true},
		},
		Variations: []Variation{
			Quiet("AF-KDZ-SHERKHANBANDAR"),
			{Place: "AF-FYB-AQINA", ArrivalSpread: 0.3, ServiceSpread: 0.2, Persistence: 0.7, Trend: 0.1},
		},
	}
	utc := func(sc Scenario) Scenario {
		for i := range sc.Interventions {
			x := &sc.Interventions[i]
			x.From, x.Until = x.From.UTC(), x.Until.UTC()
		}
		for i := range sc.Outages {
			x := &sc.Outages[i]
			x.From, x.Until = x.From.UTC(), x.Until.UTC()
		}
		return sc
	}
	if !reflect.DeepEqual(utc(got), utc(want)) {
		t.Errorf("got %+v\nwant %+v", got, want)
	}
	for _, s := range allStages {
		if !strings.Contains(string(readme), "`"+string(s)+"`") {
			t.Errorf("the readme does not name the stage %q", s)
		}
	}
}

func TestInvalidScenarioIsRefusedWithTheWayOut(t *testing.T) {
	cfg := townFor(t, 1, Scenario{})
	for text, want := range map[string]string{
		"interventions: [{place: VILLAGE, arrival_factor: 2}]":               `interventions[0]: place: "VILLAGE" is not in the places file; use TOWN, or leave it out for all`,
		"interventions: [{arrival_factor: 2}, {place: TOWN}]":                `interventions[1]: it changes nothing; give service_factor, arrival_factor or lanes_factor`,
		"interventions: [{stage: gates, service_factor: 2}]":                 `stage: "gates" is not supported; use gate, document, scan, physical, weighbridge, sps, channel, hold, release, declaration, payment, departure`,
		"interventions: [{agency: police, service_factor: 2}]":               `agency: "police" is not in the places file; use border_police, carrier, customs, plant_quarantine, trader, transport`,
		"interventions: [{agency: unknown, service_factor: 2}]":              `agency: "unknown" is not in the places file`,
		"interventions: [{direction: in, service_factor: 2}]":                `interventions[0]: direction: "in" is not supported; use inbound or outbound`,
		"interventions: [{service_factor: -1}]":                              `service_factor: -1 is not between 0.01 and 100`,
		"interventions: [{service_factor: .nan}]":                            `service_factor: NaN is not between 0.01 and 100`,
		"interventions: [{arrival_factor: 101}]":                             `arrival_factor: 101 is not between`,
		"interventions: [{stage: gate, arrival_factor: 2}]":                  `arrival_factor: arrivals have no stage and no agency; make it an intervention of its own`,
		"interventions: [{stage: hold, lanes_factor: 2}]":                    `lanes_factor: stage "hold" has no lanes; use gate, document, scan, physical, weighbridge, sps`,
		"interventions: [{agency: customs, lanes_factor: 2}]":                `lanes_factor: lanes are chosen by stage and not by agency "customs"; use gate,`,
		"interventions: [{direction: inbound, lanes_factor: 2}]":             `lanes_factor: both directions share the lanes but at the gate; leave out direction, or use stage "gate"`,
		"interventions: [{speed: 2}]":                                        `unknown field "speed"`,
		"interventions: [{from: soon, arrival_factor: 2}]":                   `interventions[0]: from: "soon" is not a day (2026-02-04), an instant (RFC 3339) or a time after the beginning (720h)`,
		"interventions: [{from: 2026-02-04, arrival_factor: 2}]":             `from: "2026-02-04" begins at another time in each time zone; give place, too, or an instant`,
		"interventions: [{from: 48h, until: 24h, arrival_factor: 2}]":        `until: 2026-01-06T00:00:00Z is not after from, 2026-01-07T00:00:00Z`,
		"interventions: [{from: 1h, until: 2h, for: 1h, arrival_factor: 2}]": `for: "1h" and until: "2h" cannot be used together`,
		"interventions: [{for: -1h, arrival_factor: 2}]":                     `for: "-1h" is not a positive duration such as 6h`,
		"outages: [{place: VILLAGE}]":                                        `outages[0]: place: "VILLAGE" is not in the places file`,
		"outages: [{agency: trader}]":                                        `outages[0]: agency: "trader" is not in the places file; use border_police, customs, plant_quarantine, transport`,
		"outages: [{types: [queue]}]":                                        `outages[0]: types: "queue" is not a type of events; use truck.arrived, inspection.started,`,
		"outages: [{late: true}]":                                            `outages[0]: until: it is missing, and what is late is sent then`,
		"holidays: [{date: 2026-03-20}]":                                     `holidays[0]: name: it is missing; name the holiday of "2026-03-20"`,
		"holidays: [{name: Nowruz, date: 20 March}]":                         `holidays[0]: date: "20 March" is not a day such as 2026-03-20`,
		"holidays: [{name: Nowruz, date: 2026-03-20, days: 32}]":             `holidays[0]: days: 32 is not between 1 and 31`,
		"variations: [{arrival_spread: 3}]":                                  `variations[0]: arrival_spread: 3 is not between 0 and 2`,
		"variations: [{persistence: 1}]":                                     `variations[0]: persistence: 1 is not between 0 and 0.99`,
		"variations: [{place: TOWN}, {trend: 0.1}]":                          `variations[1]: place: "" has two variations; put them into one`,
		"closures: []": `unknown field "closures"`,
	} {
		if _, err := ParseScenario([]byte(text), start, cfg.Places); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\n got %v\nwant %s", text, err, want)
		}
	}
	cfg.Scenario.Interventions = []Intervention{{Place: "VILLAGE", ArrivalFactor: 2}}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), `scenario: interventions[0]: place: "VILLAGE"`) {
		t.Errorf("a simulator of another place: %v", err)
	}
	cfg.Scenario.Interventions = []Intervention{{LanesFactor: 50}}
	if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), `lanes_factor: 150 lanes of document at TOWN, more than 64; choose a smaller one`) {
		t.Errorf("more lanes than there can be: %v", err)
	}
}
