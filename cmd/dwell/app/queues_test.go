package app

import (
	"testing"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
)

// An alert must not read a zero that nobody believes, nor a number of yesterday.
func TestMetricsOfAQueueAreThoseThatCount(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	reading := func(change func(*overview.LatestReading)) overview.LatestReading {
		r := overview.LatestReading{Source: "far", Queue: "buses", AgeSeconds: 90, Observed: overview.Observed{Vehicles: n(0), WaitSeconds: n(60), State: "paused"}}
		change(&r)
		return r
	}
	for _, c := range []struct {
		story          string
		reading        overview.LatestReading
		vehicles, wait bool
		state          event.QueueState
	}{
		{"a good one", reading(func(*overview.LatestReading) {}), true, true, event.PausedState},
		{"stale", reading(func(r *overview.LatestReading) { r.Stale = true }), false, false, event.UnknownState},
		{"frozen", reading(func(r *overview.LatestReading) { r.Frozen = true }), false, false, event.UnknownState},
		{"a zero in doubt", reading(func(r *overview.LatestReading) { r.Reason = overview.ZeroAfterOutage }), false, false, event.PausedState},
		{"a wait in doubt", reading(func(r *overview.LatestReading) { r.Vehicles, r.WaitReason = n(9), overview.ZeroWithVehicles }), true, false, event.PausedState},
		{"a wait alone", reading(func(r *overview.LatestReading) { r.Vehicles, r.State = nil, "unknown" }), false, true, event.UnknownState},
	} {
		q := queuesOf([]overview.LatestReading{c.reading})[0]
		if (q.Vehicles != nil) != c.vehicles || (q.Wait != nil) != c.wait || q.State != c.state || q.Age != 90*time.Second || q.Name != "buses" {
			t.Errorf("%s: %+v", c.story, q)
		}
	}
}
