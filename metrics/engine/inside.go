package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Inside is who is inside a BCP now, as far as one shard knows: its trucks by who has them and by when they came.
type Inside struct {
	BCP       event.BCP
	Direction event.Direction
	// AsOf is the offset up to which the shard's log is in this row.
	AsOf int64
	// LastEvent is the time of the latest event about the BCP and direction, Unix milliseconds.
	LastEvent int64
	Trucks    int
	// Holders counts the trucks by the segment they are in: window.OfSegment.
	Holders map[window.Measure]int
	// Arrived counts the trucks by the hour of arrival, in hours since the Unix epoch.
	Arrived map[int32]int
	// Visited says that a visit there has changed since the last flush that the row was in. It is of no table.
	Visited bool

	touched bool
}

func (s *State) row(b event.BCP, d event.Direction) *Inside {
	at := &s.inside[placeOf(b, d)]
	if *at == nil {
		*at = &Inside{BCP: b, Direction: d, LastEvent: never, Holders: map[window.Measure]int{}, Arrived: map[int32]int{}}
	}
	(*at).touched = true
	return *at
}

// heard notes that a BCP is not silent.
func (s *State) heard(e *event.Event) {
	if row := s.row(e.BCP, e.Direction); e.Time > row.LastEvent {
		row.LastEvent = e.Time
	}
}

// standing is where a truck counts as inside, if it does, and how.
type standing struct {
	bcp       event.BCP
	direction event.Direction
	holder    window.Measure
	arrived   int32 // hours since the Unix epoch
}

// standing is that of a visit in this state; none if its truck is not inside. A truck of a visit that is not sound is
// inside, but nobody knows with whom.
func (s *State) standing(st *visit.State, lapsed visit.Time) standing {
	if st.Empty || !st.Inside() || lapsed != visit.None {
		return standing{}
	}
	phase, holder := st.Phase, st.Holder
	if phase == visit.NoPhase {
		phase, holder = visit.Wait, s.rules.Unknown
	}
	return standing{st.BCP, st.Direction, window.OfSegment(phase, holder), window.MinuteOf(st.Arrived) / 60}
}

// board counts a visit out as it stood, and in as it stands.
func (s *State) board(was, is standing) {
	if was == is {
		return
	}
	from, to := was.holder, is.holder
	if was.holder = to; was == is && was != (standing{}) { // it went from hand to hand, as nearly always
		holders := s.row(is.bcp, is.direction).Holders
		tally(holders, from, -1)
		tally(holders, to, +1)
		return
	}
	was.holder = from
	s.count(was, -1)
	s.count(is, +1)
}

// show counts a changed visit as it stands now.
func (s *State) show(stood standing, st *visit.State, lapsed visit.Time) {
	s.board(stood, s.standing(st, lapsed))
	if at := s.inside[placeOf(st.BCP, st.Direction)]; at != nil && !st.Empty {
		at.Visited = true
	}
}

func (s *State) count(at standing, sign int) {
	if at == (standing{}) {
		return
	}
	row := s.row(at.bcp, at.direction)
	row.Trucks += sign
	tally(row.Holders, at.holder, sign)
	tally(row.Arrived, at.arrived, sign)
}

func tally[K comparable](m map[K]int, k K, sign int) {
	if m[k] += sign; m[k] == 0 {
		delete(m, k)
	}
}
