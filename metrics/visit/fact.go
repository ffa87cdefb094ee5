package visit

import (
	"cmp"

	"dwell/ingest/event"
)

// Fact is one event of a visit. It is small because all facts of open visits stay in memory.
type Fact struct {
	// Key identifies the event (event.Event.Key); of a retraction, the event that it retracts.
	Key uint64
	// Time is when it happened, in Unix milliseconds.
	Time int64
	// data is the kind and the result of an inspection (packInspection), or the key of a hold (event.Event.HoldKey), 0 if it has
	// no id.
	data   uint32
	Agency event.Agency
	Type   event.Type
	dims   uint8
}

// NewFact is the fact of an event, which must be about a visit, or a retraction.
func NewFact(e *event.Event) Fact {
	if e.Type == event.EventRetracted {
		return Fact{Key: e.RetractedKey(), Type: event.EventRetracted}
	}
	f := Fact{Key: e.Key(), Time: e.Time, Type: e.Type, dims: packDims(e.Direction, e.Channel, e.Regime)}
	if e.Type.HasAgency() {
		f.Agency = e.Agency
	}
	if e.Type.HasKind() {
		f.data = packInspection(e.Kind, e.Result)
	}
	if e.Type.HasHold() {
		f.data = e.HoldKey()
	}
	return f
}

func packDims(d event.Direction, c event.Channel, r event.Regime) uint8 {
	return uint8(d) | uint8(c)<<2 | uint8(r)<<5
}

func packInspection(k event.InspectionKind, r event.Result) uint32 { return uint32(k) | uint32(r)<<8 }

// which distinguishes the inspections or the holds of an agency: the kind of an inspection, or the key of a hold.
func (f Fact) which() uint32 {
	if f.Type.HasKind() {
		return f.data & 0xFF
	}
	return f.data
}

// Kind is the kind of the inspection, NoKind of other facts.
func (f Fact) Kind() event.InspectionKind {
	if f.Type.HasKind() {
		return event.InspectionKind(f.which())
	}
	return event.NoKind
}

// Result is what the inspection found, NoResult of other facts.
func (f Fact) Result() event.Result {
	if f.Type.HasKind() {
		return event.Result(f.data >> 8)
	}
	return event.NoResult
}

// Hold is the key of the hold, 0 without an id and of other facts.
func (f Fact) Hold() uint32 {
	if f.Type.HasHold() {
		return f.data
	}
	return 0
}

// Direction is the direction in the event, NoDirection if it has none.
func (f Fact) Direction() event.Direction { return event.Direction(f.dims & 3) }

// Channel is the channel in the event, NoChannel if it has none.
func (f Fact) Channel() event.Channel { return event.Channel(f.dims >> 2 & 7) }

// Regime is the regime in the event, NoRegime if it has none.
func (f Fact) Regime() event.Regime { return event.Regime(f.dims >> 5) }

// compare orders facts by time; simultaneous ones by type, agency and all other fields, so that the order never depends on
// the order of arrival.
func compare(a, b Fact) int {
	if c := cmp.Compare(a.Time, b.Time); c != 0 {
		return c
	}
	return cmp.Or(
		cmp.Compare(a.Type, b.Type), cmp.Compare(a.Agency, b.Agency), cmp.Compare(a.Kind(), b.Kind()),
		cmp.Compare(a.Key, b.Key), cmp.Compare(a.dims, b.dims), cmp.Compare(a.Hold(), b.Hold()),
		cmp.Compare(a.Result(), b.Result()),
	)
}
