package clickhouse

import (
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

func TestRecordOfAStoredEventIsTheSameEvent(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	at := int64(1_767_600_000_001)
	sent := []event.Event{
		{Type: event.TruckArrived, ID: []byte("1"), Source: []byte("/post"), Edition: 2, Direction: event.Inbound},
		{Type: event.HoldPlaced, ID: []byte("2"), Source: []byte("/post"), Direction: event.Inbound, Agency: voc.Customs, Hold: []byte("H1")},
		{Type: event.EventRetracted, ID: []byte("3"), Source: []byte("/post"), RetractedID: []byte("1"), RetractedSource: []byte("/post"), RetractedEdition: 2, RetractedTime: at},
	}
	var raw engine.Raw
	for i := range sent {
		e := &sent[i]
		e.Subject, e.BCP, e.Time, e.Recorded = []byte("T1"), 1, at, at+int64(i)
		e.Observation = event.NoObservation()
		e.Data = event.AppendData(nil, voc, e)
		e.AppendTime = i == 1
		raw.Events.Append(&event.Record{Offset: int64(i), Time: at + int64(i)}, e)
	}
	if err := s.WriteRaw(t.Context(), 0, &raw); err != nil {
		t.Fatal(err)
	}
	next := 0
	err := s.Records(t.Context(), func(r event.Record) error {
		var got event.Event
		if rejection := event.NewDecoder(voc, time.Minute).Decode(&r, &got); rejection != nil {
			t.Fatalf("%s: %v", r.Value, rejection)
		}
		want := &sent[next]
		if g, w := event.AppendStructured(nil, voc, &got), event.AppendStructured(nil, voc, want); string(g) != string(w) {
			t.Errorf("record %s\nis event %s\nwant     %s", r.Value, g, w)
		}
		if r.AppendTime != want.AppendTime {
			t.Errorf("record %d has the time of the broker: %v", next, r.AppendTime)
		}
		next++
		return nil
	})
	if err != nil || next != len(sent) {
		t.Fatalf("%d records of %d, %v", next, len(sent), err)
	}
}
