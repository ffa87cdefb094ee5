package event

import "slices"

// Type is what happened. Its name on the wire is "dwell.<name>.v1".
type Type uint8

// The types, in the order in which simultaneous facts are read: what begins before what ends.
const (
	NoType Type = iota
	TruckArrived
	InspectionStarted
	ChannelAssigned
	TruckReleased
	ClearanceRefused
	DeclarationLodged
	PaymentConfirmed
	HoldPlaced
	InspectionCompleted
	HoldLifted
	TruckDeparted
	EventRetracted
	BCPOpened
	BCPClosed
	LaneOpened
	LaneClosed
	QueueObserved
)

// types is the one table of event types. Decoding and encoding, the codes on disk, the labels of metrics, the audit's order of
// simultaneous facts and the documents (go generate) follow from it.
var types = [...]struct {
	name string
	// code is the type in stored facts. It never changes, and the code of a removed type is not reused.
	code   uint8
	about  about
	fields fields
	span   span
	means  string
	// unece and gs1 are what the type is elsewhere: UN/ECE Recommendation 24 and GS1's business steps.
	unece, gs1 string
}{
	NoType:              {},
	TruckArrived:        {"truck.arrived", 1, aVisit, 0, moment, "A truck joined the queue of a border crossing point (BCP).", "1, arrived", "arriving"},
	InspectionStarted:   {"inspection.started", 2, aVisit, withAgency | withKind, begins, "An agency began an inspection.", "5, process begun", "inspecting"},
	ChannelAssigned:     {"channel.assigned", 3, aVisit, withChannel, moment, "Customs assigned the risk channel.", "-", "-"},
	TruckReleased:       {"truck.released", 4, aVisit, 0, moment, "Customs released the truck.", "12, cleared customs", "-"},
	ClearanceRefused:    {"clearance.refused", 5, aVisit, 0, moment, "Customs refused clearance.", "17, clearance refused", "-"},
	DeclarationLodged:   {"declaration.lodged", 6, aVisit, 0, moment, "The trader lodged the customs declaration.", "-", "-"},
	PaymentConfirmed:    {"payment.confirmed", 7, aVisit, 0, moment, "Duties and fees were paid.", "-", "-"},
	HoldPlaced:          {"hold.placed", 8, aVisit, withAgency | withHold | withReason, begins, "An agency holds the truck.", "-", "holding"},
	InspectionCompleted: {"inspection.completed", 9, aVisit, withAgency | withKind | withResult, ends, "An agency ended an inspection.", "14, process completed", "inspecting"},
	HoldLifted:          {"hold.lifted", 10, aVisit, withAgency | withHold | withReason, ends, "An agency no longer holds the truck.", "-", "-"},
	TruckDeparted:       {"truck.departed", 11, aVisit, 0, moment, "The truck left the BCP.", "24, departed; 16, crossed border", "departing"},
	EventRetracted:      {"event.retracted", 12, anEvent, withRetracted, moment, "An event that was sent did not happen. A retraction is final.", "-", "-"},
	BCPOpened:           {"bcp.opened", 13, aPlace, withReason, moment, "The BCP opened.", "-", "-"},
	BCPClosed:           {"bcp.closed", 14, aPlace, withReason, moment, "The BCP closed.", "-", "-"},
	LaneOpened:          {"lane.opened", 15, aPlace, withLane, moment, "A lane opened.", "-", "-"},
	LaneClosed:          {"lane.closed", 16, aPlace, withLane, moment, "A lane closed.", "-", "-"},
	QueueObserved: {
		"queue.observed", 17, aQueue, withReading, moment,
		"A reading of a queue that was made elsewhere. What it lacks is unknown.", "-", "-",
	},
}

// about is what an event is about.
type about uint8

const (
	aVisit  about = iota + 1 // its subject is the visit id
	aPlace                   // a BCP, which is its subject; every shard must see it
	aQueue                   // the queue at a BCP, which is its subject
	anEvent                  // another event, whose subject it shares
)

// fields are what the data of an event must have besides bcp, and direction where it is about a visit. All may have a lane.
type fields uint16

const (
	withAgency fields = 1 << iota
	withChannel
	withKind
	withResult // which may be missing
	withLane
	withReading   // a queue with its numbers and its state, each of which may be missing
	withRetracted // id, source and time of the event that did not happen
	withHold      // which may be missing
	withReason    // for people, and not read
)

// span reports whether an event begins or ends something that lasts: an inspection of an agency and kind, or a hold.
type span uint8

const (
	moment span = iota
	begins
	ends
)

func (t Type) has(f fields) bool { return types[t].fields&f != 0 }

// Types lists every type.
func Types() []Type {
	all := make([]Type, 0, len(types)-1)
	for t := range types[1:] {
		all = append(all, Type(t+1))
	}
	return all
}

// String is the short name: "truck.arrived".
func (t Type) String() string { return types[t].name }

// Wire is the CloudEvents type: "dwell.truck.arrived.v1".
func (t Type) Wire() string { return "dwell." + types[t].name + ".v1" }

// OfVisit reports whether the event is a fact about a visit; its subject is then the visit id.
func (t Type) OfVisit() bool { return types[t].about == aVisit }

// OfPlace reports whether the event is a fact about a BCP that every shard must see.
func (t Type) OfPlace() bool { return types[t].about == aPlace }

// HasAgency reports whether the event must name an agency.
func (t Type) HasAgency() bool { return t.has(withAgency) }

// HasKind reports whether the event must name the kind of an inspection.
func (t Type) HasKind() bool { return t.has(withKind) }

// HasHold reports whether the event may name a hold.
func (t Type) HasHold() bool { return t.has(withHold) }

// Begins reports whether the event begins an inspection or a hold.
func (t Type) Begins() bool { return types[t].span == begins }

// Ends reports whether the event ends an inspection or a hold.
func (t Type) Ends() bool { return types[t].span == ends }

// Direction is seen from the reporting country.
type Direction uint8

// The directions.
const (
	NoDirection Direction = iota
	Inbound
	Outbound
)

var directionNames = [...]string{Inbound: "inbound", Outbound: "outbound"}

func (d Direction) String() string { return directionNames[d] }

// ParseDirection reads a direction's name.
func ParseDirection(b []byte) (Direction, bool) { return parseName[Direction](directionNames[:], b) }

// Channel is the risk channel that customs assigned; NoChannel until it did.
type Channel uint8

// The channels.
const (
	NoChannel Channel = iota
	Green
	Yellow
	Red
	Blue
)

var channelNames = [...]string{Green: "green", Yellow: "yellow", Red: "red", Blue: "blue"}

func (c Channel) String() string { return channelNames[c] }

// ParseChannel reads a channel's name.
func ParseChannel(b []byte) (Channel, bool) { return parseName[Channel](channelNames[:], b) }

// Regime is the customs regime; NoRegime until a fact has it.
type Regime uint8

// The regimes.
const (
	NoRegime Regime = iota
	Import
	Export
	Transit
	Empty
)

var regimeNames = [...]string{Import: "import", Export: "export", Transit: "transit", Empty: "empty"}

func (r Regime) String() string { return regimeNames[r] }

// ParseRegime reads a regime's name.
func ParseRegime(b []byte) (Regime, bool) { return parseName[Regime](regimeNames[:], b) }

// InspectionKind is what an inspection looks at.
type InspectionKind uint8

// The kinds.
const (
	NoKind InspectionKind = iota
	Document
	Scan
	Weighbridge
	Physical
	SPS
	ImmigrationSecurity
)

var kindNames = [...]string{
	Document: "document", Scan: "scan", Weighbridge: "weighbridge", Physical: "physical", SPS: "sps",
	ImmigrationSecurity: "immigration_security",
}

func (k InspectionKind) String() string { return kindNames[k] }

// ParseInspectionKind reads a kind's name.
func ParseInspectionKind(b []byte) (InspectionKind, bool) {
	return parseName[InspectionKind](kindNames[:], b)
}

// Result is what an inspection found. It is NoResult where the source does not say.
type Result uint8

// The results.
const (
	NoResult Result = iota
	Conformant
	NonConformant
)

var resultNames = [...]string{Conformant: "conformant", NonConformant: "non_conformant"}

func (r Result) String() string { return resultNames[r] }

// ParseResult reads a result's name.
func ParseResult(b []byte) (Result, bool) { return parseName[Result](resultNames[:], b) }

// QueueState says whether a queue advances. It is UnknownState where the source does not say.
type QueueState uint8

// The states.
const (
	UnknownState QueueState = iota
	OpenState
	PausedState
	ClosedState
)

var stateNames = [...]string{UnknownState: "unknown", OpenState: "open", PausedState: "paused", ClosedState: "closed"}

func (s QueueState) String() string { return stateNames[s] }

// ParseQueueState reads a state's name.
func ParseQueueState(b []byte) (QueueState, bool) {
	if string(b) == stateNames[UnknownState] {
		return UnknownState, true
	}
	return parseName[QueueState](stateNames[:], b)
}

// ParseType reads a short name such as "truck.arrived".
func ParseType(b []byte) (Type, bool) { return parseName[Type](typeNames[:], b) }

var typeNames = func() (all [len(types)]string) {
	for t := range types {
		all[t] = types[t].name
	}
	return all
}()

// parseName finds b among names; the empty name at index 0 is no name.
func parseName[T ~uint8](names []string, b []byte) (T, bool) {
	for i := 1; i < len(names); i++ {
		if names[i] == string(b) {
			return T(i), true
		}
	}
	return 0, false
}

// WordsOf lists the words of a field of data that has a few of them: direction, channel, regime, kind or result. It is nil for any other.
func WordsOf(field string) []string {
	switch field {
	case "direction":
		return slices.Clone(directionNames[1:])
	case "channel":
		return slices.Clone(channelNames[1:])
	case "regime":
		return slices.Clone(regimeNames[1:])
	case "kind":
		return slices.Clone(kindNames[1:])
	case "result":
		return slices.Clone(resultNames[1:])
	}
	return nil
}
