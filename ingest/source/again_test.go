package source

import (
	"fmt"
	"testing"

	"dwell/ingest/event"
)

// Trucks whose plates are the subjects come a second time; others come once, are told of twice, or depart before they arrive.
func TestSubjectsThatArriveAgainAreFound(t *testing.T) {
	const arrived, departed = event.TruckArrived, event.TruckDeparted
	fact := func(subject string, is event.Type, at int64) event.Event {
		return event.Event{Type: is, Subject: []byte(subject), BCP: 1, Time: at}
	}
	elsewhere := fact("LU 7", arrived, 30)
	elsewhere.BCP = 2
	once := []event.Event{fact("LU 7", arrived, 10), fact("LU 7", departed, 20), elsewhere, fact("LU 9", arrived, 40), fact("LU 9", arrived, 50), fact("LU 9", departed, 30)}
	again := fact("LU 7", arrived, 21)
	for want, events := range map[string][]event.Event{
		"": append(once, fact("LU 7", event.TruckReleased, 40)),
		`1 subject arrives again after it has departed, such as "LU 7": a subject is one visit, and its second passage is not counted as another; ` +
			`take the number of the visit as the subject, or in a mapping several columns, such as [plate, trip]`: append([]event.Event{again}, once...),
		`2 subjects arrive again after they have departed, such as "LU 8": a subject is one visit, and its second passage is not counted as another; ` +
			`take the number of the visit as the subject, or in a mapping several columns, such as [plate, trip]`: append([]event.Event{
			fact("LU 8", departed, 20), fact("LU 8", arrived, 10), fact("LU 8", arrived, 30), fact("LU 8", departed, 40), fact("LU 8", arrived, 50), again,
		}, once...),
	} {
		var a Again
		for i := range events {
			a.Add(&events[i])
		}
		if a.String() != want {
			t.Errorf("warns %q, want %q", a.String(), want)
		}
	}
}

// A file of a year has more visits than are known.
func TestSubjectsThatAreKnownAreBounded(t *testing.T) {
	var a Again
	for at, is := range []event.Type{event.TruckArrived, event.TruckDeparted, event.TruckArrived} {
		for n := range maxPassages + 1000 {
			a.Add(&event.Event{Type: is, Subject: fmt.Append(nil, n), BCP: 1, Time: int64(at)})
		}
	}
	if len(a.passages) != maxPassages || a.found != maxPassages {
		t.Errorf("knows %d subjects and found %d, want %d of both", len(a.passages), a.found, maxPassages)
	}
}
