package clickhouse

import (
	"fmt"
	"slices"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/visit"
)

func TestEndedVisitsAreFoundByTime(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	base := int64(1_767_600_000_000)
	var rows []visit.Row
	for i := range int64(5) { // one arrives each hour and departs after half an hour, except the fourth
		tr := &truck{voc: voc, id: fmt.Sprintf("T%d", i)}
		tr.add(event.TruckArrived, base+i*60*minute, nil)
		if i != 3 {
			tr.add(event.TruckDeparted, base+(i*60+30)*minute, nil)
		}
		rows = append(rows, tr.row(100+i))
	}
	elsewhere := &truck{voc: voc, id: "elsewhere"}
	for i, typ := range []event.Type{event.TruckArrived, event.TruckDeparted} {
		elsewhere.add(typ, base+int64(i)*300*minute, func(e *event.Event) { e.BCP = voc.BCPs()[1] })
	}
	rows = append(rows, elsewhere.row(9))
	if err := s.WriteVisits(t.Context(), 0, chunksOf(rows...)); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		from, to int64 // minutes
		want     []visit.Row
	}{
		{-1 << 40, 1 << 40, []visit.Row{rows[0], rows[1], rows[2], rows[4]}},
		{70, 80, rows[1:2]},
		{30, 60, nil}, // after the first and before the second
		{29, 61, rows[0:2]},
		{180, 240, nil}, // the fourth is still inside
	} {
		got, err := s.OverDuring(t.Context(), 0, during(voc.BCPs()[0], base, c.from, c.to))
		if err != nil {
			t.Fatal(err)
		}
		sameVisits(t, got, c.want)
	}
	several := slices.Concat(during(voc.BCPs()[0], base, -100, -50), during(voc.BCPs()[0], base, 20, 25), during(voc.BCPs()[0], base, 70, 80), during(voc.BCPs()[1], base, 290, 400))
	got, err := s.OverDuring(t.Context(), 0, several)
	if err != nil {
		t.Fatal(err)
	}
	sameVisits(t, got, []visit.Row{rows[0], rows[1], rows[5]})
	if got, err := s.OverDuring(t.Context(), 1, during(voc.BCPs()[0], base, 0, 1000)); err != nil || len(got) != 0 {
		t.Errorf("another shard has %d visits, %v", len(got), err)
	}
}

// during is one overlap at a BCP, in minutes after base.
func during(b event.BCP, base, from, to int64) []engine.Overlap {
	return []engine.Overlap{{BCP: b, Interval: hours.Interval{From: base + from*minute, To: base + to*minute}}}
}

func TestFactsAboutHoursAreReadBack(t *testing.T) {
	voc := vocabulary(t)
	s := open(t, fresh(t), voc)
	torkham := voc.BCPs()[0]
	base := int64(1_767_600_000_123)
	log := []event.Event{
		{Type: event.BCPClosed, ID: []byte("1"), Source: []byte("post"), Edition: 2, Subject: []byte(voc.BCPName(torkham)), BCP: torkham, Time: base},
		{Type: event.TruckArrived, ID: []byte("2"), Source: []byte("post"), Subject: []byte("T1"), BCP: torkham, Direction: event.Inbound, Time: base},
		{Type: event.EventRetracted, ID: []byte("3"), Source: []byte("post"), Subject: []byte("T1"), BCP: torkham, Time: base, RetractedID: []byte("2"), RetractedSource: []byte("post"), RetractedTime: base},
		{Type: event.EventRetracted, ID: []byte("4"), Source: []byte("post"), Subject: []byte(voc.BCPName(torkham)), BCP: torkham, Time: base, RetractedID: []byte("1"), RetractedSource: []byte("post"), RetractedEdition: 2, RetractedTime: base},
		{Type: event.LaneClosed, ID: []byte("5"), Source: []byte("post"), Subject: []byte(voc.BCPName(torkham)), BCP: torkham, Lane: []byte("1"), Time: base},
		{Type: event.BCPOpened, ID: []byte("6"), Source: []byte("post"), Subject: []byte(voc.BCPName(torkham)), BCP: torkham, Direction: event.Outbound, Time: base + minute},
		{Type: event.BCPOpened, ID: []byte("7"), Source: []byte("post"), Subject: []byte(voc.BCPName(torkham)), BCP: torkham, Time: base},
	}
	var raw engine.Raw
	for i := range log {
		log[i].Recorded = log[i].Time
		raw.Events.Append(&event.Record{Offset: int64(10 * i), Time: log[i].Time}, &log[i])
	}
	if err := s.WriteRaw(t.Context(), 2, &raw); err != nil {
		t.Fatal(err)
	}
	var got []string
	err := s.Hours(t.Context(), 2, 60, func(e *event.Event) {
		got = append(got, fmt.Sprintf("%s/%d %s %s %d %s %q/%d", e.ID, e.Edition, e.Type, voc.BCPName(e.BCP), e.Time-base, e.Direction, e.RetractedID, e.RetractedEdition))
	})
	slices.Sort(got)
	name := voc.BCPName(torkham)
	want := []string{"1/2 bcp.closed " + name + " 0  \"\"/0", "4/0 event.retracted " + name + " 0  \"1\"/2", "6/0 bcp.opened " + name + " 60000 outbound \"\"/0"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("got %q, %v, want %q", got, err, want)
	}
}
