package query

import (
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// A truck arrived 25 minutes ago, and no fact says for whom it waits. The procedure says that it waits for its trader; what was learned, that
// it is the police, rather. Of another truck, whose visit is not sound, nobody is presumed to have it.
func TestHolderOfATruckThatWaitsIsPresumed(t *testing.T) {
	b := newBorder(t, "2026-01-05T12:25:00Z", torkham())
	arrived := at("2026-01-05T12:00:00Z")
	v := visit.New(1)
	v.Apply(visit.NewFact(&event.Event{ID: []byte("1"), Source: []byte("/gate"), Type: event.TruckArrived, Time: arrived.UnixMilli(), Direction: event.Inbound}))
	b.insert(`visits (shard, visit, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, phase, holder, since, facts) VALUES
		(0, 'T1', 3, 'TORKHAM', 'inbound', 'inside', 0, %[1]s, %[1]s, %[1]s, 'wait', 'unknown', %[1]s, unhex('%[2]s')),
		(0, 'T2', 4, 'TORKHAM', 'inbound', 'inconsistent', 0, %[1]s, %[1]s, %[1]s, '', '', NULL, unhex('%[2]s')),
		(0, 'T3', 5, 'TORKHAM', 'inbound', 'inside', 0, %[1]s, %[1]s, %[1]s, 'service', 'customs', %[1]s, unhex('%[2]s'))`,
		literal(arrived), hex.EncodeToString(v.AppendFacts(nil, b.voc)))
	b.insert(insideColumns+` VALUES (0, 'TORKHAM', 'inbound', 10, %[1]s, %[1]s, 3, [1, 1, 1], ['wait', 'wait', 'service'], ['unknown', 'unknown', 'customs'],
		[%[1]s, %[1]s, %[1]s], [%[1]s, NULL, %[1]s], ['', '', ''], ['truck.arrived', 'truck.arrived', 'inspection.started'], ['', '', 'customs'], ['', '', 'scan'], ['', '', ''], [[], [], []])`, literal(arrived))

	b.window(0, "TORKHAM", "inbound", "hour", "2026-01-05T11:30:00Z", "arrivals", 3)

	wants := func(when, held, open, presumption string) {
		t.Helper()
		text := func(v any) string {
			out, err := json.Marshal(v)
			if err != nil {
				t.Fatal(err)
			}
			return string(out)
		}
		p := b.overview().Places[0]
		if is := text(p.Inside.ByHolder); is != held {
			t.Errorf("%s by holder\n%s\nwant\n%s", when, is, held)
		}
		if is := text(p.Presumption); is != presumption {
			t.Errorf("%s\n%s\nwant\n%s", when, is, presumption)
		}
		page, err := b.Inside(t.Context(), overview.VisitsQuery{Place: "TORKHAM", Limit: 10})
		if err != nil || len(page.Visits) != 3 || page.Visits[1].Open != nil || page.Visits[2].Open.Presumed != nil {
			t.Fatalf("%s: %+v, %v", when, page, err)
		}
		one, err := b.Visit(t.Context(), "TORKHAM", "T1")
		if err != nil {
			t.Fatal(err)
		}
		for _, is := range []string{text(page.Visits[0].Open), text(one.Open)} {
			if is != open {
				t.Errorf("%s the truck waits\n%s\nwant\n%s", when, is, open)
			}
		}
	}
	const (
		customs = `{"phase":"service","holder":"customs","trucks":1,"presumed":null}`
		unsound = `{"phase":"wait","holder":"unknown","trucks":1,"presumed":null}`
		since   = `"since":"2026-01-05T12:00:00Z"`
		nothing = `{"share":null,"waits":null,"second":"","second_share":null}`
	)
	wants("by procedure", `[{"phase":"wait","holder":"trader","trucks":1,"presumed":`+nothing+`},`+unsound+`,`+customs+`]`,
		`{"phase":"wait","holder":"trader",`+since+`,"presumed":`+nothing+`}`,
		`{"learned":null,"visits":0,"seconds":0,"right":null,"first_two":null,"calibration":[]}`)

	key := presume.Key{Last: event.TruckArrived}
	health, _ := b.voc.Agency([]byte("health"))
	report := presume.Report{Visits: 40, Record: presume.Record{Ms: 6000, RightMs: 3000, SecondMs: 2000, UnknownMs: 2000}}
	report.Tenths[7] = presume.Tenth{Ms: 4000, SaidMs: 3000, RightMs: 2000}
	b.Presume(&presume.InForce{
		Version: presume.Version{Learned: time.Date(2026, 1, 5, 2, 0, 0, 0, time.UTC), Table: presume.TableOf(visit.RulesOf(b.voc), []presume.Row{
			{BCP: 1, Direction: event.Inbound, Key: key, Age: 0, Waits: 40, Holders: []event.Agency{b.voc.Trader}, Ms: []int64{10}}, // for the first fifteen minutes
			{BCP: 1, Direction: event.Inbound, Key: key, Age: 1, Waits: 40, Holders: []event.Agency{health, b.voc.Trader}, Ms: []int64{20, 10}},
		})}, Records: map[event.BCP]presume.Report{1: report},
	})
	const learned = `{"share":0.667,"waits":40,"second":"trader","second_share":0.333}`
	wants("as was learned", `[{"phase":"wait","holder":"health","trucks":1,"presumed":`+learned+`},`+unsound+`,`+customs+`]`,
		`{"phase":"wait","holder":"health",`+since+`,"presumed":`+learned+`}`,
		`{"learned":"2026-01-05T02:00:00Z","visits":40,"seconds":8,"right":0.375,"first_two":0.625,"calibration":[{"from":0.7,"seconds":4,"said":0.75,"right":0.5}]}`)
}
