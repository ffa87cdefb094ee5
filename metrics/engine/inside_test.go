package engine

import (
	"maps"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

// insideOf are the rows with trucks, without what does not follow from visits.
func insideOf(s *State) (rows []Inside) {
	for _, at := range s.inside {
		if at != nil && at.Trucks > 0 {
			rows = append(rows, Inside{
				BCP: at.BCP, Direction: at.Direction, Occupancy: Occupancy{Trucks: at.Trucks, Classes: maps.Clone(at.Classes)},
			})
		}
	}
	return rows
}

// Another instance may have written rows as of the offset at which a truck's arrival is repeated: the deltas of its arrival
// are collected there, and nothing changes after that. The truck must be counted as inside all the same.
func TestTruckIsInsideWhereNothingFollowsABoundary(t *testing.T) {
	cfg := testConfig(t)
	arrival := event.Event{
		Type: event.TruckArrived, ID: []byte("a"), Source: []byte("/post"), Subject: []byte("T1"), Time: start, BCP: 1, Direction: event.Inbound,
	}
	s := New(cfg)
	s.Resume(Progress{})
	s.Announced(1)
	s.Resumed()
	for offset := range int64(2) {
		s.Apply(offset, &arrival, Found{})
	}
	if missing := s.Missing(); len(missing) > 0 {
		t.Fatalf("windows %+v are missing in an empty store", missing)
	}
	f := s.Flush(2)
	if len(f.Inside) != 1 || f.Inside[0].Trucks != 1 || f.Inside[0].LastTruckEvent != start {
		t.Errorf("inside are %+v, want one truck", f.Inside)
	}
	arrivals := int64(0)
	for w := range f.Windows.All() {
		if w.Key.Measure == window.Arrivals && w.Key.Grain == window.Hour {
			arrivals += w.N
		}
	}
	if arrivals != 1 {
		t.Errorf("%d arrivals, want 1", arrivals)
	}
}
