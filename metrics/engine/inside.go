package engine

import (
	"maps"

	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Inside is the occupancy of one BCP and direction, of the trucks of one shard.
type Inside struct {
	BCP       event.BCP
	Direction event.Direction
	// AsOf is an offset: the row includes the events of the shard before it, and no others.
	AsOf int64
	Occupancy

	dirty bool
}

// Occupancy is the trucks that are inside a BCP in one direction now.
type Occupancy struct {
	// LastEvent is the time of the latest event about the BCP and direction, and LastTruckEvent of the latest one about a visit,
	// Unix milliseconds, or Never.
	LastEvent, LastTruckEvent int64
	Trucks                    int
	// Classes counts the trucks by class.
	Classes map[Class]int
}

// Never is the time of the latest event where there is none.
const Never = never

// Seen reports whether the time of a latest event is one.
func Seen(ms int64) bool { return ms != never }

// NoOccupancy is that of a BCP without events.
func NoOccupancy() Occupancy { return Occupancy{LastEvent: never, LastTruckEvent: never} }

// Holders counts the trucks by the segment they are in: window.OfSegment.
func (o *Occupancy) Holders() map[window.Measure]int {
	all := map[window.Measure]int{}
	for c, n := range o.Classes {
		all[c.Held] += n
	}
	return all
}

// Add adds trucks of a class.
func (o *Occupancy) Add(c Class, n int) {
	if o.Classes == nil {
		o.Classes = map[Class]int{}
	}
	o.Trucks += n
	if n += o.Classes[c]; n == 0 {
		delete(o.Classes, c)
	} else {
		o.Classes[c] = n
	}
}

func (o Occupancy) clone() Occupancy {
	o.Classes = maps.Clone(o.Classes)
	return o
}

func (s *State) row(b event.BCP, d event.Direction) *Inside {
	at := &s.inside[placeOf(b, d)]
	if *at == nil {
		*at = &Inside{BCP: b, Direction: d, Occupancy: NoOccupancy()}
		(*at).Classes = map[Class]int{}
	}
	(*at).dirty = true
	return *at
}

// updateLastEvent updates the times of the latest events of a BCP and direction.
func (s *State) updateLastEvent(e *event.Event) {
	row := s.row(e.BCP, e.Direction)
	row.LastEvent = max(row.LastEvent, e.Time)
	if e.Type.OfVisit() {
		row.LastTruckEvent = max(row.LastTruckEvent, e.Time)
	}
}

// occupancy is where and how a truck counts as inside. It is zero if the truck does not.
type occupancy struct {
	bcp       event.BCP
	direction event.Direction
	class     Class
}

// occupancyOf is that of a visit in this state, before its facts change.
func (s *State) occupancyOf(v mem.Ref, st *visit.State) occupancy {
	entry := s.visits.At(v)
	if st.Empty || !st.Inside() || entry.lapsed() != visit.None {
		return occupancy{}
	}
	return occupancy{st.BCP, st.Direction, s.classOf(st, s.visits.facts.Items(entry.facts))}
}

// updateOccupancy replaces a truck's occupancy before by the one after.
func (s *State) updateOccupancy(before, after occupancy) {
	if before == after {
		return
	}
	s.countOccupancy(before, -1)
	s.countOccupancy(after, +1)
}

func (s *State) countOccupancy(o occupancy, sign int) {
	if o != (occupancy{}) {
		s.row(o.bcp, o.direction).Add(o.class, sign)
	}
}
