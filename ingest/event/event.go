// Package event is the vocabulary of dwell: one Event is one fact about a visit or a border crossing point (BCP).
//
// It promises to read a CloudEvents 1.0 message, in structured or binary mode, into an Event without reflection and without
// keeping the message, and to give a Reason for every message that cannot be used. It refuses to guess: a missing field, an
// unknown code or a time that cannot be read is an error, never a default.
//
// The package is pure: no I/O, no clock, no logger.
package event

import (
	"strconv"

	"github.com/cespare/xxhash/v2"
)

// Event is one decoded fact. Its byte slices alias the message it was decoded from and are valid as long as that is.
type Event struct {
	Type Type

	// ID, Source and Edition identify the event: CloudEvents section 3.1.1 has the first two, and two editions are two events.
	// Subject is the visit id, or for events about a
	// place the BCP id.
	ID, Source, Subject []byte
	Edition             uint32

	// Time is when it happened and Recorded when the post wrote it down, in Unix milliseconds. Recorded is Time where
	// the message does not say.
	Time, Recorded int64
	// AppendTime says that the event's record has the time of the broker (Record).
	AppendTime bool
	// Forwarded says that the event's record is a copy of one that lies in another partition (Record).
	Forwarded bool

	BCP       BCP
	Direction Direction
	Channel   Channel
	Regime    Regime
	Agency    Agency
	Kind      InspectionKind
	Result    Result

	// Lane is the lane's name as the post writes it, empty where the event has none.
	Lane []byte

	// Hold is the id of the hold that is placed or lifted, empty where the event has none.
	Hold []byte

	// Queue is the name of the lane or class of vehicle whose queue a reading is about, empty where the queue has no
	// name. Readings of two queues at one time are two readings.
	Queue []byte
	// Observation is what a queue reading says; NoObservation in an event of another type.
	Observation

	// Retracted names the event that did not happen (type event.retracted only). RetractedTime is in Unix milliseconds.
	RetractedID, RetractedSource []byte
	RetractedEdition             uint32
	RetractedTime                int64
	// AboutPlace says of a retraction that it concerns an event about a BCP and not about a visit: its subject is the
	// BCP's id.
	AboutPlace bool

	// Data is the event's data as it was sent: a JSON object.
	Data []byte
}

// Observation is what a queue reading says of its queue. Its numbers are Unknown where the reading lacks them.
type Observation struct {
	// ServiceRate is in vehicles per hour.
	Vehicles, WaitSeconds, AgeSeconds, LanesOpen, ServiceRate int64
	// State says nothing about the BCP: a queue that is paused or closed does not close it.
	State QueueState
}

// Unknown is the value of a number that a reading does not have. It is never shown as zero.
const Unknown int64 = -1

// NoObservation is the observation that says nothing. The zero value says that the queue is empty.
func NoObservation() Observation {
	return Observation{Vehicles: Unknown, WaitSeconds: Unknown, AgeSeconds: Unknown, LanesOpen: Unknown, ServiceRate: Unknown}
}

// Key identifies the event within one visit: a hash of source, id and edition. Two events of one visit collide with a
// probability below 2^-50 even for a visit of a hundred facts.
func (e *Event) Key() uint64 { return KeyOf(e.Source, e.ID, e.Edition) }

// RetractedKey is the Key of the event that e retracts.
func (e *Event) RetractedKey() uint64 {
	return KeyOf(e.RetractedSource, e.RetractedID, e.RetractedEdition)
}

// KeyOf is the Key of the event with this source, id and edition: xxHash64 of source, a zero byte, and id; of an edition
// above 0 also a byte 0xFF, which no id has, and the edition in decimal.
func KeyOf(source, id []byte, edition uint32) uint64 {
	var room [128]byte
	b := append(append(append(room[:0], source...), 0), id...)
	if edition > 0 {
		b = strconv.AppendUint(append(b, 0xFF), uint64(edition), 10)
	}
	return xxhash.Sum64(b)
}

// HoldKey identifies the hold among those of its agency in one visit: the low half of the xxHash64 of its id, 0 without one.
// It has 32 bits because each fact in memory has it; an agency rarely has two holds with ids in a visit.
func (e *Event) HoldKey() uint32 {
	if len(e.Hold) == 0 {
		return 0
	}
	return uint32(xxhash.Sum64(e.Hold))
}

// OfPlace reports whether every shard must see the event: a fact about a place, or the retraction of one.
func (e *Event) OfPlace() bool { return e.Type.OfPlace() || e.Type == EventRetracted && e.AboutPlace }
