package simulator

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
)

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

// A line that is cut from the beginning on, or since before it, is quiet until it is mended.
func TestLateOutageMayBeginBeforeTheSimulation(t *testing.T) {
	for _, from := range []time.Time{{}, after(-1)} {
		got, _ := sent(t, townFor(t, 3, Scenario{Outages: []Outage{{From: from, Until: after(2), Late: true}}}))
		if first, last := got[0].at, got[len(got)-1].at; first < after(2).UnixMilli() || last > after(3).UnixMilli()+minute {
			t.Errorf("from %v: the first of %d events is sent at %d, the last at %d", from, len(got), first, last)
		}
		if got[999].at > after(2).UnixMilli()+minute {
			t.Errorf("from %v: the thousandth event is sent %d ms after the end", from, got[999].at-after(2).UnixMilli())
		}
	}
}

// Net times rest on openings, so they are sent though all else is not.
func TestOpeningsAreSentInAnOutage(t *testing.T) {
	messages, _ := sent(t, townFor(t, 8, Scenario{
		Holidays: []Holiday{{Name: "a day", Date: "2026-01-08", Closed: true}},
		Outages:  []Outage{{From: after(2), Until: after(5)}},
	}))
	var during []string
	for _, m := range messages {
		if after(2).UnixMilli() <= m.time && m.time < after(5).UnixMilli() {
			during = append(during, m.typ.String())
		}
	}
	if want := []string{"bcp.closed", "bcp.opened"}; !slices.Equal(during, want) {
		t.Errorf("%v are sent, want %v", during, want)
	}
}

// An instrument that is off sends neither a wrong event nor takes it back, and the visit is marked.
func TestRetractionsGoWithTheirInstrument(t *testing.T) {
	cfg := townFor(t, 8, Scenario{Outages: []Outage{{Agency: "customs", From: after(2)}}})
	cfg.Faults.Retract = 0.5
	messages, truth := sent(t, cfg)
	lost := map[string]bool{}
	for _, l := range truth {
		lost[l.Visit] = l.Lost
	}
	var retracted int
	of := map[string]string{}
	for _, m := range messages {
		_, id, _ := strings.Cut(m.text, `"id":"`)
		id, _, _ = strings.Cut(id, `"`)
		of[strings.TrimSuffix(id, "-wrong")] = m.agency
	}
	for _, m := range messages {
		if m.typ != event.EventRetracted || m.time < after(2).UnixMilli() {
			continue
		}
		retracted++
		_, id, _ := strings.Cut(m.text, `"id":"`)
		id, _, _ = strings.Cut(id, "-retracted")
		if _, ok := of[id]; !ok {
			t.Fatalf("%s retracts what is never sent", m.text)
		}
	}
	var marked int
	for _, l := range lost {
		if l {
			marked++
		}
	}
	if retracted < 500 || marked < 500 {
		t.Errorf("%d events are retracted in the outage, and %d visits marked", retracted, marked)
	}
}

func TestTruthsSendNothing(t *testing.T) {
	s, err := silent(townFor(t, 5, Scenario{}))
	if err != nil {
		t.Fatal(err)
	}
	for s.step() {
	}
	if n := len(s.delivery.slab); n > 0 {
		t.Errorf("%d records wait for delivery", n)
	}
}
