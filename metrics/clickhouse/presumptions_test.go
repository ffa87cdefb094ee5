package clickhouse

import (
	"fmt"
	"reflect"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/presume"
	"dwell/metrics/visit"
)

// passage is the row of a truck that arrived at a BCP and left it so many minutes after an instant, if at all.
func passage(voc *event.Vocabulary, b event.BCP, d event.Direction, id string, from time.Time, minutes ...int) visit.Row {
	r := visit.Row{Key: visit.Key{BCP: b, ID: id}, Month: 202601, AsOf: 1, Lapsed: visit.None}
	v := visit.New(b)
	for i, after := range minutes {
		typ := []event.Type{event.TruckArrived, event.TruckDeparted}[i]
		v.Apply(visit.NewFact(&event.Event{ID: fmt.Append(nil, i), Source: []byte("/gate"), Type: typ, Time: from.Add(time.Duration(after) * time.Minute).UnixMilli(), Direction: d}))
	}
	visit.RulesOf(voc).Derive(v, &r.State)
	r.Facts, r.Over = v.AppendFacts(nil, voc), len(minutes) > 1
	return r
}

// Of the trucks of a BCP and a direction those are read that departed last.
func TestVisitsThatDepartedLast(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	eight := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	for shard, rows := range [][]visit.Row{
		{
			passage(voc, 1, event.Inbound, "T1", eight, 0, 60), passage(voc, 1, event.Inbound, "T2", eight, 1, 30), passage(voc, 1, event.Inbound, "T3", eight, 2, 40),
			passage(voc, 1, event.Inbound, "T4", eight, 3), passage(voc, 1, event.Outbound, "T5", eight, 4, 50), passage(voc, 2, event.Inbound, "T6", eight, 5, 50),
		},
		{passage(voc, 1, event.Inbound, "T7", eight, 6, 50), passage(voc, 1, event.Inbound, "T8", eight.Add(-time.Hour), 7, 59)},
	} {
		if err := s.WriteVisits(t.Context(), shard, chunksOf(rows...)); err != nil {
			t.Fatal(err)
		}
	}
	for most, want := range map[int]map[int]bool{
		1: {0: true}, 2: {0: true, 6: true}, 3: {0: true, 6: true, 2: true}, 9: {0: true, 6: true, 2: true, 1: true},
	} {
		got := map[int]bool{}
		err := s.DepartedVisits(t.Context(), 1, event.Inbound, eight, most, func(v *visit.Visit) {
			got[int(v.Facts()[0].Time-eight.UnixMilli())/60_000] = true
		})
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("the last %d arrived in the minutes %v, %v, want %v", most, got, err, want)
		}
	}
	if err := s.DepartedVisits(t.Context(), 2, event.Outbound, eight, 9, func(*visit.Visit) { t.Error("nobody went that way") }); err != nil {
		t.Error(err)
	}
}

// What was learned on three days is read back from the one on which a stretch of time began.
func TestPresumptionsAreReadBackByVersion(t *testing.T) {
	voc := vocabulary(t)
	rules := visit.RulesOf(voc)
	s := open(t, fresh(t), voc)
	monday := time.Date(2026, 1, 5, 2, 0, 0, 123e6, time.UTC)
	learnedAt := func(until, wantFirst, wantLast time.Time) {
		t.Helper()
		if first, last, err := s.Learned(t.Context(), until); err != nil || !first.Equal(wantFirst) || !last.Equal(wantLast) {
			t.Errorf("until %v learned from %v to %v, %v, want %v and %v", until, first, last, err, wantFirst, wantLast)
		}
	}
	learnedAt(monday, time.Time{}, time.Time{})
	var learned []*presume.Table
	for d := range 3 {
		l := presume.NewLearner(rules)
		for range 30 + d {
			l.Add([]presume.Stretch{
				{BCP: 1, Direction: event.Inbound, Holder: voc.Customs, Ms: 1000, Age: 2, Key: presume.Key{
					Last: event.InspectionCompleted, Agency: voc.Customs, Kind: event.Document, Result: event.Conformant, Channel: event.Red, Done: engine.AgenciesOf(voc.Customs),
				}},
				{BCP: 2, Direction: event.Outbound, Holder: voc.Trader, Ms: 10, Age: 11, Key: presume.Key{Last: event.TruckArrived}},
				{BCP: 2, Direction: event.Outbound, Holder: voc.Customs, Ms: 5, Age: 11, Key: presume.Key{Last: event.TruckArrived}},
			})
		}
		learned = append(learned, l.Table())
		if err := s.WritePresumptions(t.Context(), monday.AddDate(0, 0, d), learned[d]); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		since time.Time
		first int
	}{{monday.Add(-time.Hour), 0}, {monday, 0}, {monday.Add(23 * time.Hour), 0}, {monday.Add(24 * time.Hour), 1}, {monday.AddDate(0, 1, 0), 2}} {
		all, err := s.Presumptions(t.Context(), rules, c.since, monday.AddDate(0, 1, 0))
		if err != nil || len(all) != len(learned)-c.first {
			t.Fatalf("%d versions since %v, %v, want %d", len(all), c.since, err, len(learned)-c.first)
		}
		for i, p := range all {
			if want := learned[c.first+i]; !p.Learned.Equal(monday.AddDate(0, 0, c.first+i)) || !reflect.DeepEqual(p.Table.Rows(), want.Rows()) {
				t.Errorf("the version of %v is\n%+v\nwant\n%+v", p.Learned, p.Table.Rows(), want.Rows())
			}
		}
	}
	learnedAt(monday.Add(-time.Millisecond), time.Time{}, time.Time{})
	learnedAt(monday, monday, monday)
	learnedAt(monday.AddDate(1, 0, 0), monday, monday.AddDate(0, 0, 2))
	if all, err := s.Presumptions(t.Context(), rules, monday, monday.Add(25*time.Hour)); err != nil || len(all) != 2 {
		t.Errorf("%d versions of the first 25 hours, %v, want 2", len(all), err)
	}

	want := presume.Report{Visits: 7, Record: presume.Record{Ms: 5, RightMs: 4, SecondMs: 1, UnknownMs: 2}}
	want.Tenths[9] = presume.Tenth{Ms: 3, SaidMs: 2, RightMs: 1}
	if err := s.WritePresumptionRecord(t.Context(), monday, 1, &want); err != nil {
		t.Fatal(err)
	}
	if got, err := s.PresumptionRecords(t.Context(), monday); err != nil || !reflect.DeepEqual(got, map[event.BCP]presume.Report{1: want}) {
		t.Errorf("the record is %+v, %v, want %+v", got, err, want)
	}
	if got, err := s.PresumptionRecords(t.Context(), monday.AddDate(0, 0, 1)); err != nil || len(got) != 0 {
		t.Errorf("the record of another day is %+v, %v", got, err)
	}
}
