package engine

import (
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Two BCPs give the same number to trucks of theirs: these are two visits, and a retraction concerns the one of its BCP.
func TestSameSubjectAtAnotherBCPIsAnotherVisit(t *testing.T) {
	cfg := testConfig(t)
	at := func(b event.BCP, typ event.Type, id string, minute int64) event.Event {
		return event.Event{
			Type: typ, ID: []byte(id), Source: []byte("/post"), Subject: []byte("T1"), BCP: b, Direction: event.Inbound, Time: start + minute*60_000,
		}
	}
	wrong := at(2, event.EventRetracted, "4", 50)
	wrong.RetractedID, wrong.RetractedSource = []byte("1"), []byte("/post")
	log := []event.Event{
		at(1, event.TruckArrived, "1", 0), at(2, event.TruckArrived, "1", 10), at(1, event.TruckDeparted, "2", 20), at(2, event.TruckDeparted, "3", 40), wrong,
	}
	r := newRun(cfg)
	f, err := r.work(log, len(log))
	if err != nil {
		t.Fatal(err)
	}
	got := map[visit.Key]string{}
	for _, v := range f.visits {
		got[v.Key] = v.Status()
	}
	if len(got) != 2 || got[visit.Key{BCP: 1, ID: "T1"}] != "departed" || got[visit.Key{BCP: 2, ID: "T1"}] != "incomplete" {
		t.Errorf("visits are %v", got)
	}
}

// A visit keeps the month of the first event that was applied, whatever is reported or retracted later, in memory and when it
// is read back.
func TestVisitKeepsItsMonth(t *testing.T) {
	cfg := testConfig(t)
	at := func(id, when string) event.Event {
		day, err := time.Parse(time.RFC3339, when)
		if err != nil {
			t.Fatal(err)
		}
		return event.Event{
			Type: event.HoldPlaced, ID: []byte(id), Source: []byte("/post"), Subject: []byte("T1"), BCP: 1, Direction: event.Inbound,
			Agency: cfg.Vocabulary.Customs, Time: day.UnixMilli(),
		}
	}
	gone := at("4", "2027-03-01T00:00:00Z")
	gone.Type, gone.Agency, gone.RetractedID, gone.RetractedSource = event.EventRetracted, 0, []byte("1"), []byte("/post")
	log := []event.Event{at("1", "2026-12-31T23:59:59Z"), at("2", "2026-11-30T00:00:00Z"), at("3", "2027-01-01T00:00:00Z"), gone}
	r := newRun(cfg)
	for range log {
		f, err := r.work(log, 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range f.visits {
			if v.Month != 202612 {
				t.Errorf("as of %d the month is %d, want 202612", v.AsOf, v.Month)
			}
			r.tables.writeVisit(v)
		}
		r.tables.writeProgress(f.Flush)
		r = r.tables.recover(t, cfg, log)
	}
}
