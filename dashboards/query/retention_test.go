package query

import (
	"errors"
	"testing"

	"dwell/dashboards/overview"
	"dwell/metrics/window"
)

// Visits of shard 0 are kept for thirty days: what is older is not shown, though it has yet to be deleted.
func TestAbsentVisitIsNotShown(t *testing.T) {
	b := newBorder(t, "2026-03-20T12:00:00Z", torkham())
	b.insert(`visits (shard, visit, month, as_of, bcp, direction, status, over, first_fact, last_fact, arrived, departed) VALUES
		(0, 'old', 202602, 3, 'TORKHAM', 'inbound', 'departed', 1, '2026-02-18 10:00:00', '2026-02-18 11:00:00', '2026-02-18 10:00:00', '2026-02-18 11:00:00'),
		(0, 'new', 202602, 4, 'TORKHAM', 'inbound', 'departed', 1, '2026-02-18 10:00:00', '2026-02-18 13:00:00', '2026-02-18 10:00:00', '2026-02-18 13:00:00'),
		(1, 'old, kept', 202602, 3, 'TORKHAM', 'inbound', 'departed', 1, '2026-02-18 10:00:00', '2026-02-18 11:00:00', '2026-02-18 10:00:00', '2026-02-18 11:00:00')`)
	arrivals := func() *int64 {
		return b.history(overview.HistoryQuery{
			ID: "TORKHAM", Measure: "arrivals", Grain: window.Minute, From: at("2026-02-18T10:00:00Z"), To: at("2026-02-18T10:01:00Z"),
		}).Windows[0].N
	}
	is(t, "arrivals without a retention", arrivals(), 3)
	b.insert("progress (shard, offset, as_of, latest, watermark) VALUES (0, 100, 100, '2026-03-20 12:10:00', '2026-03-20 12:00:00')")
	b.insert("retentions (shard, offset, visits_ms, events_ms) VALUES (0, 50, 2592000000, 2592000000)")
	is(t, "arrivals", arrivals(), 2)
	for visit, want := range map[string]error{"old": overview.ErrNoVisit, "new": nil, "old, kept": nil} {
		if _, err := b.Visit(t.Context(), "TORKHAM", visit); !errors.Is(err, want) {
			t.Errorf("%s at its place: %v", visit, err)
		}
		if _, err := b.VisitsOf(t.Context(), visit); !errors.Is(err, want) {
			t.Errorf("%s: %v", visit, err)
		}
	}
}
