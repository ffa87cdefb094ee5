package shard

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

	touched bool
}

type place struct {
	bcp       event.BCP
	direction event.Direction
}

func (s *State) row(b event.BCP, d event.Direction) *Inside {
	at := place{b, d}
	row := s.inside[at]
	if row == nil {
		row = &Inside{BCP: b, Direction: d, LastEvent: never, Holders: map[window.Measure]int{}, Arrived: map[int32]int{}}
		s.inside[at] = row
	}
	row.touched = true
	return row
}

// heard notes that a BCP is not silent.
func (s *State) heard(e *event.Event) {
	if row := s.row(e.BCP, e.Direction); e.Time > row.LastEvent {
		row.LastEvent = e.Time
	}
}

// board counts a visit in or out. A truck of a visit that is not sound is inside, but nobody knows with whom.
func (s *State) board(st *visit.State, lapsed visit.Time, sign int) {
	if st.Empty || !st.Inside() || lapsed != visit.None {
		return
	}
	phase, holder := st.Phase, st.Holder
	if phase == visit.NoPhase {
		phase, holder = visit.Wait, s.rules.Unknown
	}
	row := s.row(st.BCP, st.Direction)
	row.Trucks += sign
	tally(row.Holders, window.OfSegment(phase, holder), sign)
	tally(row.Arrived, window.MinuteOf(st.Arrived)/60, sign)
}

func tally[K comparable](m map[K]int, k K, sign int) {
	if m[k] += sign; m[k] == 0 {
		delete(m, k)
	}
}
