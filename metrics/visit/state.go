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

// ParsePhase reads a phase's name.
func ParsePhase(s string) (Phase, bool) {
	i := slices.Index(phaseNames[1:], s)
	return Phase(i + 1), i >= 0
}

// Segment is a stretch of a visit in one holder's hands: [Start, End) in Unix milliseconds, never empty.
type Segment struct {
	Phase      Phase
	Holder     event.Agency
	Start, End int64
}

// Fault is why a visit enters no dwell time.
type Fault uint8

// The faults. The first is incomplete, the others are inconsistent.
const (
	Sound Fault = iota
	NoArrival
	ReleasedBeforeArrival
	DepartedBeforeArrival
	ReleasedAfterDeparture
	BCPConflict
	DirectionConflict
)

var faultNames = [...]string{
	"", "no_arrival", "released_before_arrival", "departed_before_arrival", "released_after_departure",
	"bcp_conflict", "direction_conflict",
}

// Faults lists every fault but Sound.
func Faults() []Fault {
	return []Fault{
		NoArrival, ReleasedBeforeArrival, DepartedBeforeArrival, ReleasedAfterDeparture, BCPConflict, DirectionConflict,
	}
}

func (f Fault) String() string { return faultNames[f] }

// Time is an instant in Unix milliseconds, or None.
type Time = int64

// None is the time of what has not happened.
const None Time = -1 << 63

// State is what the facts of a visit say, all told.
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

	// Segments cut [Arrived, Departed), or of an open visit the part of it whose holder is known for good.
	Segments []Segment
	// Phase and Holder have an open visit since Since; NoPhase if the visit is not sound or has departed.
	Phase  Phase
	Holder event.Agency
	Since  Time

	busy []beginning // memory for the next Derive
}

// Copy is a state apart from s, whose segments are appended to those given.
func (s *State) Copy(segments []Segment) (State, []Segment) {
	from := len(segments)
	segments = append(segments, s.Segments...)
	c := *s
	c.Segments, c.busy = segments[from:len(segments):len(segments)], nil
	return c, segments
}

// Inside says whether the truck is known to have arrived and not to have departed.
func (s *State) Inside() bool { return s.Arrived != None && s.Departed == None }

// Rules names the holders of the rule in holder.go.
type Rules struct{ Customs, Carrier, Trader, Unknown event.Agency }

// RulesOf takes the holders from a vocabulary.
func RulesOf(v *event.Vocabulary) Rules {
	return Rules{Customs: v.Customs, Carrier: v.Carrier, Trader: v.Trader, Unknown: v.UnknownHolder}
}

// Derive computes the state of v into s. Slices of s are used again.
func (r Rules) Derive(v *Visit, s *State) {
	*s = State{
		Empty: len(v.facts) == 0, First: None, Last: None, Segments: s.Segments[:0], busy: s.busy[:0],
		Arrived: None, Released: None, Refused: None, Departed: None, Since: None,
	}
	if s.Empty {
		return
	}
	s.First, s.Last = v.facts[0].Time, v.facts[len(v.facts)-1].Time
	s.milestones(v.facts)
	if s.Fault = s.fault(v.facts); s.Fault == Sound {
		r.cut(v.facts, s)
	}
}

// milestones reads off everything that needs no rule. The place is told by the arrival, or without one by the
// earliest fact; channel and regime by the latest fact that tells them.
func (s *State) milestones(facts []Fact) {
	s.BCP, s.Direction = facts[0].BCP, facts[0].Direction()
	for _, f := range facts {
		if c := f.Channel(); c != event.NoChannel {
			s.Channel = c
		}
		if g := f.Regime(); g != event.NoRegime {
			s.Regime = g
		}
		switch f.Type {
		case event.TruckArrived:
			if s.Arrived == None {
				s.Arrived, s.BCP, s.Direction = f.Time, f.BCP, f.Direction()
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
	for _, f := range facts {
		if f.BCP != s.BCP {
			return BCPConflict
		}
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
