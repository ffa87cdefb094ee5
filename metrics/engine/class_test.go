package engine

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// One truck, from its arrival to its departure: after each event it is of one class, in an overview and in a flush, whether both
// are made after each event or at the end alone.
func TestClassFollowsATruckThroughTheProcedure(t *testing.T) {
	cfg := testConfig(t)
	voc := cfg.Vocabulary
	police, _ := voc.Agency([]byte("border_police"))
	hour, quarter := int32(start/3_600_000), int32(start/900_000)
	wait, service := window.OfSegment(visit.Wait, voc.UnknownHolder), window.OfSegment(visit.Service, police)
	log := []struct {
		event event.Event
		want  Class
	}{
		{event.Event{Type: event.TruckArrived}, Class{Held: wait, Last: event.TruckArrived, Since: quarter}},
		{event.Event{Type: event.ChannelAssigned, Channel: event.Red}, Class{Held: wait, Last: event.ChannelAssigned, Channel: event.Red, Since: quarter + 1}},
		{
			event.Event{Type: event.InspectionStarted, Agency: police, Kind: event.Scan},
			Class{Held: service, Last: event.InspectionStarted, Agency: police, Kind: event.Scan, Channel: event.Red, Since: quarter + 2},
		},
		{
			event.Event{Type: event.HoldPlaced, Agency: voc.Customs},
			Class{Held: service, Last: event.HoldPlaced, Agency: voc.Customs, Channel: event.Red, Since: quarter + 2},
		},
		{
			event.Event{Type: event.InspectionCompleted, Agency: police, Kind: event.Scan, Result: event.NonConformant},
			Class{
				Held: window.OfSegment(visit.Hold, voc.Customs), Last: event.InspectionCompleted, Agency: police, Kind: event.Scan,
				Result: event.NonConformant, Channel: event.Red, Since: quarter + 4, Done: AgenciesOf(police),
			},
		},
		{
			event.Event{Type: event.InspectionCompleted, Agency: voc.Customs, Kind: event.Document, Result: event.Conformant},
			Class{
				Held: window.OfSegment(visit.Hold, voc.Customs), Last: event.InspectionCompleted, Agency: voc.Customs, Kind: event.Document,
				Result: event.Conformant, Channel: event.Red, Since: quarter + 4, Done: AgenciesOf(voc.Customs, police, voc.Customs),
			},
		},
		{
			event.Event{Type: event.HoldLifted, Agency: voc.Customs},
			Class{Held: wait, Last: event.HoldLifted, Agency: voc.Customs, Channel: event.Red, Since: quarter + 6, Done: AgenciesOf(police, voc.Customs)},
		},
		{
			event.Event{Type: event.TruckReleased},
			Class{Held: window.OfSegment(visit.Exit, voc.Carrier), Last: event.TruckReleased, Channel: event.Red, Since: quarter + 7, Done: AgenciesOf(police, voc.Customs)},
		},
		{event: event.Event{Type: event.TruckDeparted}},
	}
	often, once := New(cfg), New(cfg)
	for _, s := range []*State{often, once} {
		s.Resume(Progress{})
		s.Resumed()
	}
	inside := func(s *State, next int64) map[Class]int {
		return s.Overview(0, next).Places[1].Inside[event.Inbound].Classes
	}
	for i, step := range log {
		e := step.event
		e.ID, e.Source, e.Subject = fmt.Append(nil, i), []byte("/post"), []byte("T1")
		e.BCP, e.Direction, e.Time = 1, event.Inbound, start+int64(i)*(15*time.Minute).Milliseconds()
		want := map[Class]int{}
		if step.want != (Class{}) {
			step.want.Arrived = hour
			want[step.want] = 1
		}
		next := int64(i) + 1
		for _, s := range []*State{often, once} {
			s.Apply(int64(i), &e, Found{})
			if is := inside(s, next); !maps.Equal(is, want) {
				t.Errorf("after %s the overview has %+v, want %+v", e.Type, is, want)
			}
		}
		often.Missing()
		if f := often.Flush(next); len(f.Inside) != 1 || !maps.Equal(f.Inside[0].Classes, want) {
			t.Errorf("after %s a flush has %+v, want %+v", e.Type, f.Inside, want)
		}
	}
	once.Missing()
	if f := once.Flush(int64(len(log))); len(f.Inside) != 1 || len(f.Inside[0].Classes) != 0 || f.Inside[0].Trucks != 0 {
		t.Errorf("a flush of all has %+v", f.Inside)
	}
}

// A visit whose facts contradict one another has no segment, but a last fact all the same.
func TestTruckOfAnUnsoundVisitIsInsideSinceAnUnknownTime(t *testing.T) {
	cfg := testConfig(t)
	s := New(cfg)
	s.Resume(Progress{})
	s.Resumed()
	e := event.Event{Type: event.TruckReleased, ID: []byte("1"), Source: []byte("/post"), Subject: []byte("T1"), BCP: 1, Direction: event.Inbound, Time: start}
	s.Apply(0, &e, Found{})
	e.Type, e.ID, e.Time = event.TruckArrived, []byte("2"), start+60_000
	s.Apply(1, &e, Found{})
	want := map[Class]int{{
		Held: window.OfSegment(visit.Wait, cfg.Vocabulary.UnknownHolder), Last: event.TruckArrived, Arrived: int32(start / 3_600_000), Since: NoQuarter,
	}: 1}
	if is := s.Overview(0, 2).Places[1].Inside[event.Inbound].Classes; !maps.Equal(is, want) {
		t.Errorf("inside are %+v, want %+v", is, want)
	}
}

func TestAgenciesAreASet(t *testing.T) {
	a := AgenciesOf(700, 3, 256, 3)
	if b := AgenciesOf(3, 256, 700); a != b || a.Len() != 3 || !slices.Equal(slices.Collect(a.All()), []event.Agency{3, 256, 700}) {
		t.Errorf("%v of %d agencies, and %v", slices.Collect(a.All()), a.Len(), slices.Collect(b.All()))
	}
}
