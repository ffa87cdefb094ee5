package query

import (
	"cmp"
	"slices"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// inside is the trucks inside one BCP, in all directions.
type inside struct {
	lastEvent   *time.Time
	trucks      int64
	byDirection overview.Directions
	holders     map[window.Measure]int64
	arrived     map[int32]int64 // by hour since the Unix epoch
	// everTrucks says that truck events ever came.
	everTrucks bool
}

func occupancyOf(p *engine.PlaceOverview) *inside {
	in := &inside{holders: map[window.Measure]int64{}, arrived: map[int32]int64{}}
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
			in.holders[c.Held] += int64(n)
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

// held are the trucks by holder, in the order of phases and names.
func (in *inside) held(voc *event.Vocabulary) []overview.Held {
	all := []overview.Held{}
	for measure, trucks := range in.holders {
		if phase, holder, ok := measure.Segment(); ok && trucks > 0 {
			all = append(all, overview.Held{Phase: phase.String(), Holder: voc.HolderName(holder), Trucks: trucks})
		}
	}
	slices.SortFunc(all, func(a, b overview.Held) int {
		return cmp.Or(comparePhases(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder))
	})
	return all
}

var phaseOrder = []string{visit.Wait.String(), visit.Service.String(), visit.Hold.String(), visit.Exit.String()}

func comparePhases(a, b string) int {
	return cmp.Compare(slices.Index(phaseOrder, a), slices.Index(phaseOrder, b))
}
