package engine

import (
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
)

// The way out is closed and opened again, as a source says by mistake. Trucks on the way in are not derived anew, since a flood of such facts
// would derive each of thousands once a fact.
func TestFactAboutOneDirectionLeavesVisitsOfTheOther(t *testing.T) {
	r := newRun(testConfig(t))
	fact := func(typ event.Type, id, subject string, minutes int, d event.Direction) event.Event {
		at := start + (time.Duration(minutes) * time.Minute).Milliseconds()
		return event.Event{Type: typ, ID: []byte(id), Source: []byte("/post"), Subject: []byte(subject), Time: at, BCP: 1, Direction: d}
	}
	retraction := fact(event.EventRetracted, "6", "AF-NAN-TORKHAM", 30, event.NoDirection)
	retraction.RetractedID, retraction.RetractedSource, retraction.AboutPlace = []byte("5"), []byte("/post"), true
	log := []event.Event{
		fact(event.TruckArrived, "1", "in", 0, event.Inbound), fact(event.TruckReleased, "2", "in", 60, event.Inbound),
		fact(event.TruckArrived, "3", "out", 0, event.Outbound), fact(event.TruckReleased, "4", "out", 60, event.Outbound),
		fact(event.BCPClosed, "5", "AF-NAN-TORKHAM", 20, event.Outbound),
		retraction,
		fact(event.BCPClosed, "5", "AF-NAN-TORKHAM", 20, event.NoDirection), // retracted
		fact(event.BCPClosed, "7", "AF-NAN-TORKHAM", 20, event.NoDirection),
	}
	if _, err := r.work(log[:4], 4); err != nil {
		t.Fatal(err)
	}
	for i, want := range [][]string{{"out"}, {"out"}, nil, {"in", "out"}} {
		f, err := r.work(log[:5+i], 1)
		if err != nil {
			t.Fatal(err)
		}
		var written []string
		for i := range f.visits {
			written = append(written, f.visits[i].ID)
		}
		slices.Sort(written)
		if !slices.Equal(written, want) {
			t.Errorf("after fact %s about the BCP %q are written, want %q", log[4+i].ID, written, want)
		}
	}
}
