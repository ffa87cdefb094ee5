package engine

import (
	"cmp"
	"iter"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/visit"
	"dwell/metrics/window"
)

// Class is what is known of a truck inside, as far as trucks are told apart by it: where it is in the procedure, and since when.
// Trucks of one class are counted together.
type Class struct {
	// Held is the segment that the truck is in: window.OfSegment. The truck of a visit that is not sound waits for an unknown holder.
	Held window.Measure
	// Last, Agency, Kind and Result are those of the visit's last fact.
	Last   event.Type
	Kind   event.InspectionKind
	Result event.Result
	Agency event.Agency
	// Channel is that of the visit.
	Channel event.Channel
	// Arrived is the hour of the arrival, in hours since the Unix epoch.
	Arrived int32
	// Since is the quarter of an hour in which the segment began, in quarters since the Unix epoch, NoQuarter if the visit is not
	// sound.
	Since int32
	// Done are the agencies that have completed an inspection of the truck.
	Done Agencies
}

// NoQuarter is no quarter of an hour; events are never that old.
const NoQuarter = -1

// Compare orders classes.
func (c Class) Compare(o Class) int {
	return cmp.Or(
		cmp.Compare(c.Arrived, o.Arrived), cmp.Compare(c.Since, o.Since), cmp.Compare(c.Held, o.Held), cmp.Compare(c.Last, o.Last),
		cmp.Compare(c.Agency, o.Agency), cmp.Compare(c.Kind, o.Kind), cmp.Compare(c.Result, o.Result),
		cmp.Compare(c.Channel, o.Channel), cmp.Compare(c.Done, o.Done),
	)
}

// classOf is the class of a visit in this state, which has these facts.
func (s *State) classOf(st *visit.State, facts []visit.Fact) Class {
	last := &facts[len(facts)-1]
	c := Class{
		Held: window.OfSegment(visit.Wait, s.rules.Unknown),
		Last: last.Type, Agency: last.Agency, Kind: last.Kind(), Result: last.Result(), Channel: st.Channel,
		Arrived: window.MinuteOf(st.Arrived) / 60, Since: NoQuarter, Done: s.done(facts),
	}
	if st.Phase != visit.NoPhase {
		c.Held, c.Since = window.OfSegment(st.Phase, st.Holder), window.MinuteOf(st.Since)/15
	}
	return c
}

// Agencies is a set of agencies: their codes in order, two bytes each. A string can be compared, and has room for any number.
type Agencies string

// AgenciesOf is the set of these agencies.
func AgenciesOf(all ...event.Agency) Agencies {
	all = slices.Clone(all)
	slices.Sort(all)
	return Agencies(appendAgencies(nil, slices.Compact(all)))
}

func appendAgencies(dst []byte, all []event.Agency) []byte {
	for _, a := range all {
		dst = append(dst, byte(a>>8), byte(a))
	}
	return dst
}

// Len is how many agencies the set has.
func (a Agencies) Len() int { return len(a) / 2 }

// All yields the agencies in the order of their codes, which is that of their names.
func (a Agencies) All() iter.Seq[event.Agency] {
	return func(yield func(event.Agency) bool) {
		for i := 0; i < len(a) && yield(event.Agency(a[i])<<8|event.Agency(a[i+1])); i += 2 {
		}
	}
}

// done are the agencies that have completed an inspection. Few sets occur, so each is kept as one string.
func (s *State) done(facts []visit.Fact) Agencies {
	all := s.doneRoom[:0]
	for i := range facts {
		if facts[i].Type != event.InspectionCompleted {
			continue
		}
		if at, known := slices.BinarySearch(all, facts[i].Agency); !known {
			all = slices.Insert(all, at, facts[i].Agency)
		}
	}
	if s.doneRoom = all; len(all) == 0 {
		return ""
	}
	s.setRoom = appendAgencies(s.setRoom[:0], all)
	set, known := s.doneSets[string(s.setRoom)]
	if !known {
		set = Agencies(s.setRoom)
		s.doneSets[string(set)] = set
	}
	return set
}
