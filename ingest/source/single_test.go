package source

import (
	"fmt"
	"testing"

	"dwell/ingest/event"
)

// A gate numbers its lines, and the mapping takes that number as the subject.
func TestVisitsOfOneEventEachAreFound(t *testing.T) {
	const arrived, departed = event.TruckArrived, event.TruckDeparted
	fact := func(subject int, is event.Type) event.Event {
		return event.Event{Type: is, Subject: fmt.Append(nil, subject), BCP: 1}
	}
	lines := func(n int, types ...event.Type) (all []event.Event) {
		for i := range n {
			all = append(all, fact(i, types[i%len(types)]))
		}
		return all
	}
	for name, c := range map[string]struct {
		events []event.Event
		want   string
	}{
		"ids of records": {lines(6, arrived, departed), "each of 6 visits has one event, though there are 2 types of events, so no dwell time can be computed: the subject is probably the id of the record; " +
			"that belongs in columns.id of a mapping, and in columns.subject what all events of a visit have, such as the number of its pass"},
		"a visit with two":   {append(lines(6, arrived, departed), fact(0, departed)), ""},
		"a gate of arrivals": {lines(6, arrived), ""},
		"few":                {lines(4, arrived, departed), ""},
		"of a place":         {lines(6, event.BCPClosed, event.BCPOpened), ""},
		"more than is known": {append(lines(maxPassages+1, arrived, departed), fact(7, arrived)), ""},
	} {
		var s Single
		for i := range c.events {
			s.Add(&c.events[i])
		}
		if got := s.String(); got != c.want {
			t.Errorf("%s: warns %q, want %q", name, got, c.want)
		}
	}
}
