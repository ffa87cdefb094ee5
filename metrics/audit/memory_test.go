package audit_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/audit"
)

// A truck arrives at a place with a calendar, and leaves ten years later: the audit reads five million minutes of the
// calendar, in statements of at most 64 MiB each. All minutes of one year at once take more than 4 GiB.
func TestTenYearsOfACalendarStayWithinTheMemoryLimit(t *testing.T) {
	b := newBorder(t, places)
	base := time.Date(2016, 1, 5, 12, 0, 0, 0, time.UTC)
	for i, typ := range []event.Type{event.TruckArrived, event.TruckReleased, event.TruckDeparted} {
		at := base
		if i > 0 {
			at = base.AddDate(10, 0, i)
		}
		b.log(0, &event.Event{
			Type: typ, ID: fmt.Append(nil, i), Source: []byte("post"), Subject: []byte("T1"), BCP: 2, Direction: event.Inbound,
			Time: at.UnixMilli(), Recorded: at.UnixMilli(),
		})
	}
	b.flush()
	r, out := b.audit(func(c *audit.Config) { c.MaxMemory = 64 << 20 })
	if r.Differences != 0 || r.Visits != 1 {
		t.Errorf("%+v\n%s", r, out)
	}
}

// A source tells of ten thousand closings and openings in the hours of one truck, every fifth opening at the instant of a closing. All openings
// beside all closings at once take 800 MiB.
func TestManyOpeningsStayWithinTheMemoryLimit(t *testing.T) {
	b := newBorder(t, places)
	base := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	log := func(typ event.Type, id int, subject string, after time.Duration) {
		at := base.Add(after).UnixMilli()
		b.log(0, &event.Event{Type: typ, ID: fmt.Append(nil, id), Source: []byte("post"), Subject: []byte(subject), BCP: 1, Direction: event.Inbound, Time: at, Recorded: at})
	}
	for i := range 5000 {
		log(event.BCPClosed, 2*i, places[0].ID, time.Duration(i)*10*time.Second)
		opens := 4 * time.Second
		if i%5 == 0 {
			opens = 0
		}
		log(event.BCPOpened, 2*i+1, places[0].ID, time.Duration(i)*10*time.Second+opens)
	}
	log(event.TruckArrived, 10_000, "T1", -time.Second)
	log(event.TruckReleased, 10_001, "T1", 50_000*time.Second)
	log(event.TruckDeparted, 10_002, "T1", 50_001*time.Second)
	b.flush()
	r, out := b.audit(func(c *audit.Config) { c.MaxMemory = 64 << 20 })
	if r.Differences != 0 || r.Visits != 1 {
		t.Errorf("%+v\n%s", r, out)
	}
}

func TestStatementAboveTheMemoryLimitSaysToUseSmallerSlices(t *testing.T) {
	b := newBorder(t, places)
	b.anything(1, 600, "2026-01-24 20:00:00")
	cfg := audit.Config{Database: b.cfg.Database, Places: b.places, MaxMemory: 6 << 20, EventsPerBucket: 100_000}
	_, err := audit.Run(t.Context(), b.store.Conn(), cfg, &bytes.Buffer{})
	if !errors.Is(err, audit.ErrTooLarge) || !strings.Contains(err.Error(), "(6 MiB); process fewer than 100000 events at once with --slice") {
		t.Errorf("the error is %v", err)
	}
}
