package prom_test

import (
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

func TestTrucksInside(t *testing.T) {
	const inside, held, last = "dwell_trucks_inside", "dwell_trucks_held", "dwell_bcp_last_event_timestamp_seconds"
	b := newBorder(t)

	t.Log("no event yet: no BCP has a series, least of all a zero")
	b.wantSeries(t, ``, inside, held, last)

	t.Log("two shards each hold a part of the queue at Torkham")
	b.shows(0, torkham, event.Inbound, 1000, map[window.Measure]int{b.wait("customs"): 3, b.held(visit.Exit, "carrier"): 1})
	b.shows(1, torkham, event.Inbound, 1060, map[window.Measure]int{b.wait("customs"): 2})
	b.wantSeries(t, `
		dwell_trucks_inside{bcp="TORKHAM",direction="inbound"} 6
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="carrier",phase="exit",presumed="false"} 1
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="customs",phase="wait",presumed="false"} 5
		dwell_bcp_last_event_timestamp_seconds{bcp="TORKHAM"} 1060
	`, inside, held, last)

	t.Log("one more has just arrived: no fact says for whom it waits, and the trader is presumed")
	b.shows(1, torkham, event.Inbound, 1060, map[window.Measure]int{b.wait("customs"): 2, b.wait("unknown"): 1})
	b.wantSeries(t, `
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="carrier",phase="exit",presumed="false"} 1
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="customs",phase="wait",presumed="false"} 5
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="trader",phase="wait",presumed="true"} 1
	`, held)

	t.Log("customs begins to inspect it, which ends its wait, and takes it in")
	b.shows(1, torkham, event.Inbound, 1060, map[window.Measure]int{b.wait("customs"): 2})

	t.Log("the truck on its way out is gone: that is a real zero")
	b.shows(0, torkham, event.Inbound, 1120, map[window.Measure]int{b.wait("customs"): 3})
	b.wantSeries(t, `
		dwell_trucks_inside{bcp="TORKHAM",direction="inbound"} 5
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="carrier",phase="exit",presumed="false"} 0
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="customs",phase="wait",presumed="false"} 5
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="trader",phase="wait",presumed="true"} 0
		dwell_bcp_last_event_timestamp_seconds{bcp="TORKHAM"} 1120
	`, inside, held, last)

	t.Log("Aqina tells only of its queue: it was seen, but its trucks are unknown")
	b.shows(1, aqina, event.Inbound, 1200, nil)
	b.wantSeries(t, `
		dwell_trucks_inside{bcp="TORKHAM",direction="inbound"} 5
		dwell_bcp_last_event_timestamp_seconds{bcp="AQINA"} 1200
		dwell_bcp_last_event_timestamp_seconds{bcp="TORKHAM"} 1120
	`, inside, last)

	t.Log("shard 0 goes to another process, and its trucks with it: they are shown as this process knew them, then as the tables have them")
	b.known.Closed(0)
	const both = `
		dwell_trucks_inside{bcp="TORKHAM",direction="inbound"} 5
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="carrier",phase="exit",presumed="false"} 0
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="customs",phase="wait",presumed="false"} 5
		dwell_trucks_held{bcp="TORKHAM",direction="inbound",holder="trader",phase="wait",presumed="true"} 0
		dwell_bcp_last_event_timestamp_seconds{bcp="AQINA"} 1200
		dwell_bcp_last_event_timestamp_seconds{bcp="TORKHAM"} 1120
	`
	b.wantSeries(t, both, inside, held, last)
	b.known.Stored(map[int]*engine.Overview{0: b.shown[0]}, b.known.Have())
	b.wantSeries(t, both, inside, held, last)

	t.Log("Kafka is away, so that no process has a shard: nothing vanishes")
	b.known.Closed(1)
	b.wantSeries(t, both, inside, held, last)
}

func TestEmptyBCPShowsZero(t *testing.T) {
	b := newBorder(t)
	b.shows(0, hairatan, event.Outbound, 1000, map[window.Measure]int{b.wait("customs"): 1})
	b.shows(0, hairatan, event.Outbound, 1000, nil)
	b.wantSeries(t, `dwell_trucks_inside{bcp="HAIRATAN",direction="outbound"} 0`, "dwell_trucks_inside")
}
