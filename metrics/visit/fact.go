package visit

import (
	"cmp"

	"dwell/ingest/event"
)

// Fact is what one event says of a visit. It is kept small, because every open visit keeps all of its facts.
type Fact struct {
	// Key identifies the event (event.Event.Key); of a retraction, the event that it retracts.
	Key uint64
	// Time is when it happened, in Unix milliseconds.
	Time   int64
	BCP    event.BCP
	Agency event.Agency
	Type   event.Type
	Kind   event.InspectionKind
	dims   uint8
}

// NewFact takes from an event what its visit needs to know. The event must be of a visit, or a retraction.
func NewFact(e *event.Event) Fact {
	if e.Type == event.EventRetracted {
		return Fact{Key: e.RetractedKey(), Type: event.EventRetracted}
	}
	f := Fact{Key: e.Key(), Time: e.Time, BCP: e.BCP, Type: e.Type, dims: packDims(e.Direction, e.Channel, e.Regime)}
	if e.Type.HasAgency() {
		f.Agency = e.Agency
	}
	if e.Type.HasKind() {
		f.Kind = e.Kind
	}
	return f
}

func packDims(d event.Direction, c event.Channel, r event.Regime) uint8 {
	return uint8(d) | uint8(c)<<2 | uint8(r)<<5
}

// Direction is the direction that the event told, NoDirection where it did not.
func (f Fact) Direction() event.Direction { return event.Direction(f.dims & 3) }

// Channel is the channel that the event told, NoChannel where it did not.
func (f Fact) Channel() event.Channel { return event.Channel(f.dims >> 2 & 7) }

// Regime is the regime that the event told, NoRegime where it did not.
func (f Fact) Regime() event.Regime { return event.Regime(f.dims >> 5) }

// valid says whether every code of f is one of the vocabulary's.
func (f Fact) valid() bool {
	return f.Type.OfVisit() && f.Kind <= event.ImmigrationSecurity &&
		f.Direction() <= event.Outbound && f.Channel() <= event.Blue && f.Regime() <= event.Empty
}

// compare orders facts by time; simultaneous ones by type, agency and what else tells them apart, so that the order
// never depends on the order of arrival.
func compare(a, b Fact) int {
	if c := cmp.Compare(a.Time, b.Time); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.Type, b.Type), cmp.Compare(a.Agency, b.Agency), cmp.Compare(a.Kind, b.Kind),
		cmp.Compare(a.Key, b.Key), cmp.Compare(a.BCP, b.BCP), cmp.Compare(a.dims, b.dims),
	)
}
