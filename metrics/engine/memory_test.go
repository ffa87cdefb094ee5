package engine

import (
	"fmt"
	"testing"

	"dwell/ingest/event"
)

// A source sends today's first truck, and after that the trucks of the last ten years, one an hour: none of them moves the
// watermark, and all of them must be evicted.
func TestImportOfOldYearsDoesNotGrowMemory(t *testing.T) {
	cfg := testConfig(t)
	r := newRun(cfg)
	const trucks, hour = 10 * 365 * 24, 3_600_000
	log := make([]event.Event, 0, 1+2*trucks)
	log = append(log, event.Event{
		Type: event.TruckArrived, ID: []byte("a"), Source: []byte("/post"), Subject: []byte("today"), Time: start, BCP: 1, Direction: event.Inbound,
	})
	for i := range int64(trucks) {
		for j, typ := range []event.Type{event.TruckArrived, event.TruckDeparted} {
			log = append(log, event.Event{
				Type: typ, ID: []byte{'a' + byte(j)}, Source: []byte("/post"), Subject: fmt.Appendf(nil, "T%d", i),
				Time: start - (trucks+100-i)*hour + int64(j)*60_000, BCP: 1, Direction: event.Inbound,
			})
		}
	}
	var visits, windows int
	for r.next < int64(len(log)) {
		if _, err := r.work(log, 1000); err != nil {
			t.Fatal(err)
		}
		visits, windows = max(visits, r.state.Visits()), max(windows, r.state.Windows())
	}
	// One visit and six windows must be kept.
	if most := 2*6 + minEvict; visits > most || windows > most {
		t.Errorf("%d visits and %d windows in memory, want at most %d", visits, windows, most)
	}
}
