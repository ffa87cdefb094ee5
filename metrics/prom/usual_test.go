package prom_test

import (
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/usual"
)

// At Torkham there is a spike inbound. What is usual outbound is not known, and the wait that a source reads does not count now: a spike goes on
// as it was.
func TestDeviationsHaveWhatIsKnownOfThem(t *testing.T) {
	b := newBorder(t)
	n := func(f float64) *float64 { return &f }
	spike := usual.Spike{Since: time.Unix(0, 0)}
	b.capacity = 300
	b.deviations = map[usual.Series]usual.Looked{
		{BCP: torkham, Measure: usual.Inside}:                             {Seen: usual.Seen{X: n(170), Median: n(100), Deviation: n(2.5)}},
		{BCP: torkham, Direction: event.Inbound, Measure: usual.Inside}:   {Seen: usual.Seen{X: n(120), Median: n(40), Deviation: n(4)}, Spike: spike},
		{BCP: torkham, Direction: event.Outbound, Measure: usual.Inside}:  {Seen: usual.Seen{X: n(50)}},
		{BCP: torkham, Measure: usual.Wait, Source: "/far", Queue: "bus"}: {Seen: usual.Seen{Median: n(3600)}, Spike: spike},
	}
	b.wantSeries(t, `
		dwell_bcp_capacity_trucks{bcp="TORKHAM"} 300
		dwell_queue_spike{bcp="TORKHAM",direction="",measure="queue_wait",queue="bus",source="/far"} 1
		dwell_queue_usual{bcp="TORKHAM",direction="",measure="queue_wait",queue="bus",source="/far"} 3600
		dwell_trucks_inside_deviation{bcp="TORKHAM",direction="both"} 2.5
		dwell_trucks_inside_deviation{bcp="TORKHAM",direction="inbound"} 4
		dwell_trucks_inside_spike{bcp="TORKHAM",direction="both"} 0
		dwell_trucks_inside_spike{bcp="TORKHAM",direction="inbound"} 1
		dwell_trucks_inside_spike{bcp="TORKHAM",direction="outbound"} 0
		dwell_trucks_inside_usual{bcp="TORKHAM",direction="both"} 100
		dwell_trucks_inside_usual{bcp="TORKHAM",direction="inbound"} 40
	`, "dwell_bcp_capacity_trucks", "dwell_trucks_inside_usual", "dwell_trucks_inside_deviation", "dwell_trucks_inside_spike",
		"dwell_queue_usual", "dwell_queue_deviation", "dwell_queue_spike")
}

// A BCP of which nothing ever came has a series that says so.
func TestABCPThatWasNeverSeenSaysSo(t *testing.T) {
	b := newBorder(t)
	b.shows(0, torkham, event.Inbound, 1000, nil)
	b.wantSeries(t, `
		dwell_bcp_seen{bcp="AQINA"} 0
		dwell_bcp_seen{bcp="HAIRATAN"} 0
		dwell_bcp_seen{bcp="TORKHAM"} 1
	`, "dwell_bcp_seen")
}
