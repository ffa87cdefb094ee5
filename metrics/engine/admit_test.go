package engine

import (
	"fmt"
	"slices"
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// A retracted fact keeps its place, and a fact that a visit has can be retracted when the visit is full.
func TestVisitTakesTheFirstFactsOfTheLog(t *testing.T) {
	cfg := testConfig(t)
	cfg.MostFacts = 3
	s := New(cfg)
	fact := func(id string) event.Event {
		e := truckAt(event.ClearanceRefused, "T1", 1)
		e.ID = []byte(id)
		return e
	}
	retracting := func(id string) event.Event {
		e := truckAt(event.EventRetracted, "T1", 1)
		e.RetractedID, e.RetractedSource, e.RetractedTime, e.ID = []byte(id), e.Source, e.Time, []byte("r"+id)
		return e
	}
	full := true
	for i, c := range []struct {
		e       event.Event
		refused bool
	}{
		{fact("a"), false},
		{fact("b"), false},
		{fact("a"), false}, // a copy takes no place
		{retracting("b"), false},
		{retracting("never came"), false},
		{fact("c"), full},
		{fact("b"), false}, // it was retracted, and stays so
		{retracting("c"), full},
		{retracting("a"), false},
		{fact("d"), full},
	} {
		why := s.Admit(int64(i), c.e.Time, &c.e, Found{})
		if (why != nil) != c.refused {
			t.Errorf("event %d: refused as %v", i, why)
		}
		if why != nil && (why.Reason != event.TooManyFacts || why.Error() != `too_many_facts: subject "T1"`) {
			t.Errorf("event %d: refused as %v", i, why)
		}
		if why == nil {
			s.Apply(int64(i), &c.e, Found{})
		}
	}
	other := fact("d")
	other.Subject = []byte("T2")
	if why := s.Admit(10, other.Time, &other, Found{}); why != nil {
		t.Errorf("another truck: %v", why)
	}
}

// orders are orders in which the facts of a visit may come.
var orders = map[string]func(n int, at func(i, minute int, typ event.Type, hold int) event.Event) []event.Event{
	"in order": func(n int, at func(int, int, event.Type, int) event.Event) (log []event.Event) {
		for i := range n {
			log = append(log, at(i, i, event.ClearanceRefused, 0))
		}
		return log
	},
	"the latest first": func(n int, at func(int, int, event.Type, int) event.Event) (log []event.Event) {
		for i := range n {
			log = append(log, at(i, n-i, event.ClearanceRefused, 0))
		}
		return log
	},
	"all at once": func(n int, at func(int, int, event.Type, int) event.Event) (log []event.Event) {
		for i := range n {
			log = append(log, at(i, 1, event.HoldPlaced, i))
		}
		return log
	},
	"holds without end": func(n int, at func(int, int, event.Type, int) event.Event) (log []event.Event) {
		for i := range n {
			log = append(log, at(i, i, event.HoldPlaced, i))
		}
		return log
	},
	"holds without end, the latest first": func(n int, at func(int, int, event.Type, int) event.Event) (log []event.Event) {
		for i := range n {
			log = append(log, at(i, n-i, event.HoldPlaced, i))
		}
		return log
	},
	"holds that end in the order of their beginnings": func(n int, at func(int, int, event.Type, int) event.Event) (log []event.Event) {
		for i := range n / 2 {
			log = append(log, at(i, i, event.HoldPlaced, i))
		}
		for i := range n / 2 {
			log = append(log, at(n/2+i, n/2+i, event.HoldLifted, i))
		}
		slices.Reverse(log)
		return log
	},
}

// BenchmarkLargeVisit applies as many facts as a visit takes.
func BenchmarkLargeVisit(b *testing.B) {
	cfg := testConfig(b)
	for name, order := range orders {
		for _, n := range []int{visit.MostFacts / 10, visit.MostFacts} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				log := append([]event.Event{}, order(n-1, func(i, minute int, typ event.Type, hold int) event.Event {
					e := truckAt(typ, "T1", 1)
					e.ID, e.Time, e.Hold, e.Agency = fmt.Append(nil, i), start+int64(minute)*60_000, fmt.Append(nil, hold), cfg.Vocabulary.Customs
					return e
				})...)
				arrival := truckAt(event.TruckArrived, "T1", 0)
				arrival.ID = []byte("arrival")
				arrival.Time = start - 60_000
				for b.Loop() {
					s := New(cfg)
					s.Apply(0, &arrival, Found{})
					for i := range log {
						if why := s.Admit(int64(1+i), log[i].Time, &log[i], Found{}); why != nil {
							b.Fatal(why)
						}
						s.Apply(int64(1+i), &log[i], Found{})
					}
				}
			})
		}
	}
}
