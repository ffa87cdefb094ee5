package simulator

import (
	"math/bits"
	"strconv"
)

// stationKind is where in a BCP a truck is looked at.
type stationKind uint8

const (
	gateIn stationKind = iota
	gateOut
	documents
	scanner
	bay
	weighbridge
	laboratory
	stationKinds
)

// stationNames begin the names of lanes: "gate-in-1".
var stationNames = [stationKinds]string{"gate-in", "gate-out", "document", "scan", "physical", "weighbridge", "sps"}

// serviceTakes is the mean time of a service, and passes the share of the trucks of either direction (of gates: of
// theirs) that come there. Assumed; passes follows from plan.go and only decides how many lanes there are (a joint
// inspection takes longer, so the bay's is raised).
var (
	serviceTakes = [stationKinds]int64{
		4 * minute, 4 * minute, 14 * minute, 9 * minute, 70 * minute, 4 * minute, 35 * minute,
	}
	passes = [stationKinds]float64{1, 1, 0.53, 0.165, 0.185, 0.38, 0.145}
)

// maxLanes is how many lanes a station can have.
const maxLanes = 64

// station is a number of lanes and the trucks that wait for one.
type station struct {
	lanes  []string // their names
	usual  int      // how many there are but for the scenario
	open   int      // the first so many are open
	taken  uint64   // by bit
	queue  []*truck
	served int // of queue; those before it have gone
}

func newStation(k stationKind, lanes int) station {
	var s station
	s.usual = min(max(lanes, 1), maxLanes)
	s.grow(k, s.usual)
	return s
}

// grow makes so many lanes at least, and reports whether there can be.
func (s *station) grow(k stationKind, lanes int) bool {
	if lanes > maxLanes {
		return false
	}
	for i := len(s.lanes); i < lanes; i++ {
		s.lanes = append(s.lanes, stationNames[k]+"-"+strconv.Itoa(i+1))
	}
	return true
}

// lane is the first open lane that is free.
func (s *station) lane() (int, bool) {
	i := bits.TrailingZeros64(^s.taken)
	return i, i < s.open
}

func (s *station) waiting() int { return len(s.queue) - s.served }

func (s *station) push(t *truck) { s.queue = append(s.queue, t) }

// pop takes the truck that has waited longest. There must be one.
func (s *station) pop() *truck {
	t := s.queue[s.served]
	s.queue[s.served] = nil
	s.served++
	if s.served > 64 && s.served*2 > len(s.queue) {
		n := copy(s.queue, s.queue[s.served:])
		clear(s.queue[n:])
		s.queue, s.served = s.queue[:n], 0
	}
	return t
}
