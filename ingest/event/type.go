package event

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

var typeNames = [...]string{
	NoType:              "",
	TruckArrived:        "truck.arrived",
	InspectionStarted:   "inspection.started",
	ChannelAssigned:     "channel.assigned",
	TruckReleased:       "truck.released",
	ClearanceRefused:    "clearance.refused",
	DeclarationLodged:   "declaration.lodged",
	PaymentConfirmed:    "payment.confirmed",
	HoldPlaced:          "hold.placed",
	InspectionCompleted: "inspection.completed",
	HoldLifted:          "hold.lifted",
	TruckDeparted:       "truck.departed",
	EventRetracted:      "event.retracted",
	BCPOpened:           "bcp.opened",
	BCPClosed:           "bcp.closed",
	LaneOpened:          "lane.opened",
	LaneClosed:          "lane.closed",
	QueueObserved:       "queue.observed",
}

// Types lists every type.
func Types() []Type {
	all := make([]Type, 0, len(typeNames)-1)
	for t := TruckArrived; t <= QueueObserved; t++ {
		all = append(all, t)
	}
	return all
}

// String is the short name: "truck.arrived".
func (t Type) String() string { return typeNames[t] }

// Wire is the CloudEvents type: "dwell.truck.arrived.v1".
func (t Type) Wire() string { return "dwell." + typeNames[t] + ".v1" }

// OfVisit says whether the event is a fact about a visit; its subject is then the visit id.
func (t Type) OfVisit() bool { return t >= TruckArrived && t <= TruckDeparted }

// OfPlace says whether the event is a fact about a BCP that every shard must see.
func (t Type) OfPlace() bool { return t >= BCPOpened && t <= LaneClosed }

// HasAgency says whether the event must name an agency.
func (t Type) HasAgency() bool {
	switch t {
	case InspectionStarted, InspectionCompleted, HoldPlaced, HoldLifted:
		return true
	default:
		return false
	}
}

// Direction is seen from the reporting country.
type Direction uint8

// The directions.
const (
	NoDirection Direction = iota
	Inbound
	Outbound
)

var directionNames = [...]string{"", "inbound", "outbound"}

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

var channelNames = [...]string{"", "green", "yellow", "red", "blue"}

func (c Channel) String() string { return channelNames[c] }

// ParseChannel reads a channel's name.
func ParseChannel(b []byte) (Channel, bool) { return parseName[Channel](channelNames[:], b) }

// Regime is the customs regime; NoRegime until a fact tells it.
type Regime uint8

// The regimes.
const (
	NoRegime Regime = iota
	Import
	Export
	Transit
	Empty
)

var regimeNames = [...]string{"", "import", "export", "transit", "empty"}

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

var kindNames = [...]string{"", "document", "scan", "weighbridge", "physical", "sps", "immigration_security"}

func (k InspectionKind) String() string { return kindNames[k] }

// ParseInspectionKind reads a kind's name.
func ParseInspectionKind(b []byte) (InspectionKind, bool) {
	return parseName[InspectionKind](kindNames[:], b)
}

// Result is what an inspection found.
type Result uint8

// The results.
const (
	NoResult Result = iota
	Conformant
	NonConformant
)

var resultNames = [...]string{"", "conformant", "non_conformant"}

func (r Result) String() string { return resultNames[r] }

// ParseResult reads a result's name.
func ParseResult(b []byte) (Result, bool) { return parseName[Result](resultNames[:], b) }

// ParseType reads a short name such as "truck.arrived".
func ParseType(b []byte) (Type, bool) { return parseName[Type](typeNames[:], b) }

// parseName finds b among names; the empty name at index 0 is no name.
func parseName[T ~uint8](names []string, b []byte) (T, bool) {
	for i := 1; i < len(names); i++ {
		if names[i] == string(b) {
			return T(i), true
		}
	}
	return 0, false
}
