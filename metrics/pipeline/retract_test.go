package pipeline_test

import (
	"fmt"
	"testing"

	"dwell/ingest/event"
)

// The gate reports a truck and a closing of its BCP; customs take both back, in whatever order and partition. Where a source retracts its own
// events alone, both stand, and each retraction is one dead letter.
func TestRetractionByAnotherSourceRetractsNothingInAnyOrder(t *testing.T) {
	_, cfg := aBorder(t, 0)
	cfg.RetractOthers = false
	truck, place := truckOf(1), cfg.Engine.Vocabulary.BCPName(1)
	arrived, closed := fact(cfg, "/gate", truck, event.TruckArrived, 0), fact(cfg, "/gate", place, event.BCPClosed, 5)
	retraction := func(subject string, typ event.Type, minute int) event.Record {
		of := fact(cfg, "/gate", subject, typ, minute)
		id := typ.String() + " " + subject
		e := event.Event{
			Type: event.EventRetracted, ID: []byte("not " + id), Source: []byte("/customs"), Subject: []byte(subject), BCP: 1, Time: of.Time, Recorded: of.Time,
			RetractedID: fmt.Appendf(nil, "%s %d", id, minute), RetractedSource: []byte("/gate"), RetractedTime: of.Time, AboutPlace: subject == place,
		}
		if subject == truck {
			e.Direction = event.Inbound
		}
		return event.NewRecord(cfg.Engine.Vocabulary, &e, of.Time)
	}
	ofTruck, ofPlace := retraction(truck, event.TruckArrived, 0), retraction(place, event.BCPClosed, 5)
	for _, c := range []struct {
		partition int
		allowed   bool
		order     []event.Record
	}{
		{0, false, []event.Record{arrived, closed, ofTruck, ofPlace}},
		{1, false, []event.Record{ofPlace, ofTruck, closed, arrived}},
		{0, true, []event.Record{ofPlace, arrived, closed, ofTruck}},
	} {
		cfg.RetractOthers = c.allowed
		l := &topic{t: t, cfg: cfg}
		for _, r := range c.order {
			r.SetAllPartitions(false)
			l.add(c.partition, r)
		}
		store := open(t, cfg)
		l.count(store, 1)
		letter := fmt.Sprintf(`('foreign_retraction','foreign_retraction: data.source "/gate"',%d)`, c.partition)
		want := map[string]string{
			"SELECT status FROM visits FINAL":                                             "('inside')",
			"SELECT source, toString(type), uniqExact(id) FROM events FINAL GROUP BY ALL": "('/gate','bcp.closed',1); ('/gate','truck.arrived',1)",
			"SELECT reason, detail, part FROM dead_letters FINAL":                         letter + "; " + letter,
		}
		if c.allowed {
			want = map[string]string{
				"SELECT status FROM visits FINAL":                                             "('void')",
				"SELECT source, toString(type), uniqExact(id) FROM events FINAL GROUP BY ALL": "('/customs','event.retracted',2); ('/gate','bcp.closed',1); ('/gate','truck.arrived',1)",
				"SELECT count() FROM dead_letters FINAL":                                      "(0)",
			}
		}
		for query, rows := range want {
			if got := text(t, store, query); got != rows {
				t.Errorf("partition %d, allowed %v: %s: %s, want %s", c.partition, c.allowed, query, got, rows)
			}
		}
	}
}
