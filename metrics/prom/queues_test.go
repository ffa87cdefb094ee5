package prom_test

import (
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/prom"
)

// Two sources read the queues at Torkham: one counts lorries, the other has waits alone.
func TestQueuesHaveWhatIsKnownOfThem(t *testing.T) {
	b := newBorder(t)
	n := func(f float64) *float64 { return &f }
	b.queues = []prom.Queue{
		{Source: "/count", Name: "lorries", Direction: "inbound", Age: time.Minute, Vehicles: n(0), State: event.PausedState},
		{Source: "/wait", Age: time.Hour, Wait: n(5400)},
		{Source: "/wait", Name: "buses", Age: 48 * time.Hour},
	}
	b.wantSeries(t, `
		dwell_queue_age_seconds{bcp="TORKHAM",direction="",queue="",source="/wait"} 3600
		dwell_queue_age_seconds{bcp="TORKHAM",direction="",queue="buses",source="/wait"} 172800
		dwell_queue_age_seconds{bcp="TORKHAM",direction="inbound",queue="lorries",source="/count"} 60
		dwell_queue_silent_after_seconds{bcp="TORKHAM"} 7200
		dwell_queue_state{bcp="TORKHAM",direction="inbound",queue="lorries",source="/count",state="closed"} 0
		dwell_queue_state{bcp="TORKHAM",direction="inbound",queue="lorries",source="/count",state="open"} 0
		dwell_queue_state{bcp="TORKHAM",direction="inbound",queue="lorries",source="/count",state="paused"} 1
		dwell_queue_vehicles{bcp="TORKHAM",direction="inbound",queue="lorries",source="/count"} 0
		dwell_queue_wait_seconds{bcp="TORKHAM",direction="",queue="",source="/wait"} 5400
	`, "dwell_queue_age_seconds", "dwell_queue_silent_after_seconds", "dwell_queue_state", "dwell_queue_vehicles", "dwell_queue_wait_seconds")
}

func TestQueuesThatAreNotShownAreCounted(t *testing.T) {
	newBorder(t).wantSeries(t, `
		dwell_bcp_queues_left_out{bcp="AQINA"} 0
		dwell_bcp_queues_left_out{bcp="HAIRATAN"} 0
		dwell_bcp_queues_left_out{bcp="TORKHAM"} 3
	`, "dwell_bcp_queues_left_out")
}
