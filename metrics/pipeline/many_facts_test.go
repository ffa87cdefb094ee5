package pipeline_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/pipeline"
)

// A subject with more facts than a visit takes becomes dead letters, in the order of the log. They move nothing, the watermark neither. What
// is counted again from the tables, dead letters among the events, is the same.
func TestFactsBeyondTheBoundAreDeadLetters(t *testing.T) {
	cfg := keptFor(t, 0)
	cfg.Engine.MostFacts = 4
	at := time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)
	var log []event.Record
	add := func(truck, id string, typ event.Type, minute int) {
		e := event.Event{
			Type: typ, ID: []byte(id), Source: []byte("/post"), Subject: []byte(truck), BCP: 1, Direction: event.Inbound,
			Time: at.Add(time.Duration(minute) * time.Minute).UnixMilli(), Recorded: at.UnixMilli(),
		}
		if typ == event.EventRetracted {
			e.RetractedID, e.RetractedSource, e.RetractedTime, e.ID = e.ID, e.Source, e.Time, []byte("retracts "+id)
		}
		r := event.NewRecord(cfg.Engine.Vocabulary, &e, at.AddDate(1, 0, 0).UnixMilli())
		r.Offset = int64(len(log))
		log = append(log, r)
	}
	add("T1", "arrived", event.TruckArrived, 0)
	add("T2", "arrived too", event.TruckArrived, 1)
	for i := range 20 {
		add("T1", fmt.Sprint("refused ", i), event.ClearanceRefused, 10+i) // three are taken
	}
	add("T1", "refused 0", event.ClearanceRefused, 10) // a copy of one of these
	add("T1", "refused 1", event.EventRetracted, 11)
	add("T1", "departed", event.TruckDeparted, 365*24*60) // the watermark would lapse T2
	add("T2", "gone", event.TruckDeparted, 60)
	refused := 17 + 1

	count := func(log []event.Record, batch int) (string, []event.Record) {
		store := open(t, cfg)
		cfg := cfg
		if batch > 1 {
			cfg.FlushBytes = pipeline.DefaultConfig().FlushBytes
		}
		if err := oneAfterTheOther(t.Context(), cfg, store, log, batch); err != nil {
			t.Fatal(err)
		}
		if n := one[uint64](t, store, "SELECT count() FROM dead_letters FINAL WHERE reason = 'too_many_facts'"); n != uint64(refused) {
			t.Errorf("%d dead letters, want %d", n, refused)
		}
		if n := one[uint64](t, store, "SELECT count() FROM events FINAL"); n != uint64(len(log)-refused) {
			t.Errorf("%d events, want %d", n, len(log)-refused)
		}
		if got := one[string](t, store, "SELECT arrayStringConcat(arraySort(groupArray(concat(visit, ' ', status))), ', ') FROM latest_visits"); got != "T1 inside, T2 departed" {
			t.Errorf("visits are %s", got)
		}
		records, err := store.RecordsOf(t.Context(), 0, 0, int64(len(log)))
		if err != nil {
			t.Fatal(err)
		}
		return shown(t, store), records
	}
	first, records := count(log, 1)
	if !slices.IsSortedFunc(records, func(a, b event.Record) int { return int(a.Offset - b.Offset) }) || len(records) != len(log) {
		t.Fatalf("the tables have %d records, want %d", len(records), len(log))
	}
	for _, batch := range []int{3, 100} {
		if again, _ := count(records, batch); again != first {
			t.Errorf("in batches of %d:\n%s\nwant:\n%s", batch, again, first)
		}
	}
}
