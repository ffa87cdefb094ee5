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

func TestStatementAboveTheMemoryLimitSaysToUseSmallerSlices(t *testing.T) {
	b := newBorder(t, places)
	b.anything(1, 600, "2026-01-24 20:00:00")
	cfg := audit.Config{Database: b.cfg.Database, Places: b.places, MaxMemory: 6 << 20, EventsPerBucket: 100_000}
	_, err := audit.Run(t.Context(), b.store.Conn(), cfg, &bytes.Buffer{})
	if !errors.Is(err, audit.ErrTooLarge) || !strings.Contains(err.Error(), "(6 MiB); process fewer than 100000 events at once with --slice") {
		t.Errorf("the error is %v", err)
	}
}
