package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Inside is the trucks of one shard that are inside a BCP now, by holder and by hour of arrival.
type Inside struct {
	BCP       event.BCP
	Direction event.Direction
	// AsOf is an offset: the row includes the events of the shard before it, and no others.
	AsOf int64
	// LastEvent is the time of the latest event about the BCP and direction, and LastTruckEvent of the latest one about a visit,
	// Unix milliseconds, or Never.
	LastEvent, LastTruckEvent int64
	Trucks                    int
	// Holders counts the trucks by the segment they are in: window.OfSegment.
	Holders map[window.Measure]int
	// Arrived counts the trucks by the hour of arrival, in hours since the Unix epoch.
	Arrived map[int32]int

	dirty bool
}

func (s *State) row(b event.BCP, d event.Direction) *Inside {
	at := &s.inside[placeOf(b, d)]
	if *at == nil {
		*at = &Inside{BCP: b, Direction: d, LastEvent: never, LastTruckEvent: never, Holders: map[window.Measure]int{}, Arrived: map[int32]int{}}
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
	holder    window.Measure
	arrived   int32 // hours since the Unix epoch
}

// occupancyOf is that of a visit in this state. The truck of a visit that is not sound is inside, but its holder is unknown.
func (s *State) occupancyOf(st *visit.State, lapsed visit.Time) occupancy {
	if st.Empty || !st.Inside() || lapsed != visit.None {
		return occupancy{}
	}
	phase, holder := st.Phase, st.Holder
	if phase == visit.NoPhase {
		phase, holder = visit.Wait, s.rules.Unknown
	}
	return occupancy{st.BCP, st.Direction, window.OfSegment(phase, holder), window.MinuteOf(st.Arrived) / 60}
}

// updateOccupancy replaces a truck's occupancy before by the one after.
func (s *State) updateOccupancy(before, after occupancy) {
	if before == after {
		return
	}
	from, to := before.holder, after.holder
	if before.holder = to; before == after && before != (occupancy{}) { // only the holder is another, as nearly always
		holders := s.row(after.bcp, after.direction).Holders
		count(holders, from, -1)
		count(holders, to, +1)
		return
	}
	before.holder = from
	s.countOccupancy(before, -1)
	s.countOccupancy(after, +1)
}

func (s *State) countOccupancy(o occupancy, sign int) {
	if o == (occupancy{}) {
		return
	}
	row := s.row(o.bcp, o.direction)
	row.Trucks += sign
	count(row.Holders, o.holder, sign)
	count(row.Arrived, o.arrived, sign)
}

// count adds to a number, and deletes one that is zero.
func count[K comparable](m map[K]int, k K, by int) {
	if m[k] += by; m[k] == 0 {
		delete(m, k)
	}
}
