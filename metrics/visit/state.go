package visit

import (
	"slices"

	"dwell/ingest/event"
)

// Phase is what happens to the truck during a segment.
type Phase uint8

// The phases.
const (
	NoPhase Phase = iota
	Wait
	Service
	Hold
	Exit
)

var phaseNames = [...]string{"", "wait", "service", "hold", "exit"}

func (p Phase) String() string { return phaseNames[p] }

// Phases lists every phase but NoPhase.
func Phases() []Phase { return []Phase{Wait, Service, Hold, Exit} }

// ParsePhase reads a phase's name.
func ParsePhase(s string) (Phase, bool) {
	i := slices.Index(phaseNames[1:], s)
	return Phase(i + 1), i >= 0
}

// Segment is the part of a visit during which one holder has the truck in one phase: [Start, End) in Unix milliseconds, never
// empty.
type Segment struct {
	Phase      Phase
	Holder     event.Agency
	Start, End int64
	// Closed is how many milliseconds of it the BCP was closed; the rest is its net time.
	Closed int64
}

// Fault is why a visit enters no dwell time.
type Fault uint8

// The faults. The first is incomplete, the others are inconsistent. Of several a visit has DirectionConflict, or else the first in this order.
const (
	Sound Fault = iota
	NoArrival
	ReleasedBeforeArrival
	DepartedBeforeArrival
	ReleasedAfterDeparture
	DirectionConflict
)

var faultNames = [...]string{
	"", "no_arrival", "released_before_arrival", "departed_before_arrival", "released_after_departure",
	"direction_conflict",
}

// Faults lists every fault but Sound.
func Faults() []Fault {
	return []Fault{
		NoArrival, ReleasedBeforeArrival, DepartedBeforeArrival, ReleasedAfterDeparture, DirectionConflict,
	}
}

func (f Fault) String() string { return faultNames[f] }

// Time is an instant in Unix milliseconds, or None.
type Time = int64

// None is the time of what has not happened.
const None Time = -1 << 63

// State is derived from all facts of a visit.
type State struct {
	// Empty is a visit all of whose facts were retracted, or that has none yet.
	Empty bool
	Fault Fault

	BCP       event.BCP
	Direction event.Direction
	Channel   event.Channel
	Regime    event.Regime

	// First and Last are the times of the earliest and the latest fact.
	First, Last Time
	// Arrived, Released, Refused and Departed are the earliest such facts, None where there is none.
	Arrived, Released, Refused, Departed Time

	// ReleaseClosed and CrossingClosed are how many milliseconds of the release time and of the crossing time the BCP was
	// closed: zero while there is no such time.
	ReleaseClosed, CrossingClosed int64

	// Segments cut [Arrived, Departed), or of an open visit the part whose holder is final.
	Segments []Segment
	// Phase and Holder are those of an open visit since Since; NoPhase if the visit is not sound or has departed.
	Phase  Phase
	Holder event.Agency
	Since  Time

	fold fold
}

// Inside reports whether the truck is known to have arrived and not to have departed.
func (s *State) Inside() bool { return s.Arrived != None && s.Departed == None }

// Summary is s without the state from which Advance continues. It shares the segments of s.
func (s *State) Summary() State {
	t := *s
	t.fold = fold{}
	return t
}

// Rules names the holders of the rule in holder.go, and knows when BCPs were closed.
type Rules struct {
	Customs, Carrier, Trader, Unknown event.Agency
	// Hours may be nil: all are always open.
	Hours Hours
}

// Hours says how many milliseconds of [from, to) a BCP was closed for a direction.
type Hours interface {
	Closed(b event.BCP, d event.Direction, from, to Time) int64
}

// RulesOf takes the holders from a vocabulary, and has every BCP always open.
func RulesOf(v *event.Vocabulary) Rules {
	return Rules{Customs: v.Customs, Carrier: v.Carrier, Trader: v.Trader, Unknown: v.UnknownHolder}
}

// Derive computes the state of v into s, whose memory it reuses.
func (r Rules) Derive(v *Visit, s *State) {
	*s = State{
		Empty: len(v.facts) == 0, First: None, Last: None,
		Arrived: None, Released: None, Refused: None, Departed: None, Since: None,
		Segments: s.fold.cuts[:0], fold: fold{cuts: s.fold.cuts[:0], busy: s.fold.busy},
	}
	s.fold.busy.reset()
	if s.Empty {
		return
	}
	s.First = v.facts[0].Time
	s.BCP, s.Direction = v.bcp, v.facts[0].Direction()
	for i := 0; i < len(v.facts); {
		j := i + 1
		for j < len(v.facts) && v.facts[j].Time == v.facts[i].Time {
			j++
		}
		r.step(s, v.facts[i:j])
		i = j
	}
	s.Fault = s.fault(v.facts)
	r.finish(s)
}

// Advance updates s, the state of v before its last Apply, to what Derive computes. If the new fact is the latest one of a
// sound visit, as most are, it reads only that fact.
func (r Rules) Advance(v *Visit, s *State) {
	if !s.StepsTo(v) {
		r.Derive(v, s)
		return
	}
	r.step(s, v.facts[len(v.facts)-1:])
	r.finish(s)
}

// StepsTo reports whether s, the state of v before its last Apply, was of a sound visit that had not departed, and the new
// fact is the latest one of the same passage. Then only the end of the last segment of s changes, and all that is new happened at
// that fact.
func (s *State) StepsTo(v *Visit) bool {
	n := len(v.facts)
	if s.Empty || s.Fault != Sound || s.Departed != None || n != s.fold.facts+1 {
		return false
	}
	f := &v.facts[n-1]
	return f.Time > s.Last && f.Direction() == s.Direction
}

// milestones sets the fields that need no rule from simultaneous facts. The direction is that of the arrival, or without
// one of the earliest fact; channel and regime are those of the latest fact that has them, of simultaneous ones the last in the order of facts (compare).
func (s *State) milestones(facts []Fact) {
	for i := range facts {
		f := &facts[i]
		if c := f.Channel(); c != event.NoChannel {
			s.Channel = c
		}
		if g := f.Regime(); g != event.NoRegime {
			s.Regime = g
		}
		switch f.Type {
		case event.TruckArrived:
			if s.Arrived == None {
				s.Arrived, s.Direction = f.Time, f.Direction()
			}
		case event.TruckReleased:
			first(&s.Released, f.Time)
		case event.ClearanceRefused:
			first(&s.Refused, f.Time)
		case event.TruckDeparted:
			first(&s.Departed, f.Time)
		}
	}
}

func first(t *Time, at Time) {
	if *t == None {
		*t = at
	}
}

func (s *State) fault(facts []Fact) Fault {
	for i := range facts {
		f := &facts[i]
		if f.Direction() != s.Direction {
			return DirectionConflict
		}
	}
	switch {
	case s.Arrived == None:
		return NoArrival
	case s.Released != None && s.Released < s.Arrived:
		return ReleasedBeforeArrival
	case s.Departed != None && s.Departed < s.Arrived:
		return DepartedBeforeArrival
	case s.Departed != None && s.Released != None && s.Released > s.Departed:
		return ReleasedAfterDeparture
	}
	return Sound
}
