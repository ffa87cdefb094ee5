package query

import (
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// inside is the trucks inside one BCP, in all directions.
type inside struct {
	lastEvent   *time.Time
	trucks      int64
	byDirection overview.Directions
	arrived     map[int32]int64 // by hour since the Unix epoch
	// everTrucks says that truck events ever came.
	everTrucks bool
}

func occupancyOf(p *engine.PlaceOverview) *inside {
	in := &inside{arrived: map[int32]int64{}}
	last := int64(engine.Never)
	for d := range p.Inside {
		o := &p.Inside[d]
		last = max(last, o.LastEvent)
		in.everTrucks = in.everTrucks || engine.Seen(o.LastTruckEvent)
		in.trucks += int64(o.Trucks)
		switch event.Direction(d) {
		case event.Inbound:
			in.byDirection.Inbound += int64(o.Trucks)
		case event.Outbound:
			in.byDirection.Outbound += int64(o.Trucks)
		}
		for c, n := range o.Classes {
			in.arrived[c.Arrived] += int64(n)
		}
	}
	if engine.Seen(last) {
		at := time.UnixMilli(last).UTC()
		in.lastEvent = &at
	}
	return in
}

// ages splits the trucks at now; an arrival counts as in the middle of its hour.
func (in *inside) ages(now time.Time) overview.Ages {
	var a overview.Ages
	for hour, trucks := range in.arrived {
		a.Add(now.Sub(time.Unix(int64(hour)*3600+1800, 0)), trucks)
	}
	return a
}
