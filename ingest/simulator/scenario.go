package simulator

import (
	"time"

	"dwell/ingest/event"
)

// Scenario is what happens beside the usual: what statistics have to find, or must not be fooled by. The zero value is the
// usual. A Place that is empty means every BCP; effects on the same thing multiply.
type Scenario struct {
	Interventions []Intervention
	Outages       []Outage
	Holidays      []Holiday
	Variations    []Variation
}

// Intervention changes how a BCP works, or how many trucks come, in [From, Until). A zero From is the beginning of the
// simulation, a zero Until never. A factor that is zero changes nothing; any other is between 0.01 and 100.
type Intervention struct {
	Place       string
	From, Until time.Time
	// Direction limits it to one direction.
	Direction event.Direction
	// Stage and Agency limit ServiceFactor. Without either it is about everything that agencies do there. An agency is named by
	// its code in the places file; "trader" and "carrier" are agencies here, which must be named, or their stages.
	Stage  Stage
	Agency string

	// ServiceFactor multiplies the time of each service that begins in the stretch, which is at least five seconds. 2.0/3 makes
	// it a third faster. The time that a truck waits for a lane follows from it.
	ServiceFactor float64
	// ArrivalFactor multiplies the rate at which trucks arrive. It has no Stage.
	ArrivalFactor float64
	// LanesFactor multiplies the lanes of a stage that has lanes, of all without one, and is rounded to whole lanes, so that 0.01
	// closes them all. Both directions share them, but at the gate.
	LanesFactor float64
}

// Stage is a part of a crossing. The first six have lanes.
type Stage string

// The stages, and what ServiceFactor shortens there.
const (
	StageGate        Stage = "gate"        // the inspection
	StageDocument    Stage = "document"    // the inspection
	StageScan        Stage = "scan"        // the inspection
	StagePhysical    Stage = "physical"    // the inspection
	StageWeighbridge Stage = "weighbridge" // the inspection
	StageSPS         Stage = "sps"         // the inspection
	StageChannel     Stage = "channel"     // until customs has assigned the channel
	StageHold        Stage = "hold"        // the hold
	StageRelease     Stage = "release"     // until customs has released or refused
	StageDeclaration Stage = "declaration" // until the trader has declared
	StagePayment     Stage = "payment"     // until the trader has paid
	StageDeparture   Stage = "departure"   // until the carrier leaves
)

// Outage is a stretch [From, Until) in which instruments of a BCP do not work. It changes the events and not the truth,
// but for TruthLine.Lost. That the BCP opened or closed is sent all the same, since net times rest on it.
type Outage struct {
	Place       string
	From, Until time.Time
	// Agency and Types select the messages; all if empty. An agency's are its inspections and holds; of customs also
	// declarations, channels, payments, releases and refusals. A retraction goes with the event that it retracts.
	Agency string
	Types  []event.Type
	// Late says that the line is cut: what would reach Kafka in the stretch reaches it in one block at its end. Without it the
	// instrument is off, and what happens in the stretch is never sent.
	Late bool
}

// Holiday is a number of local days on which as many trucks come as on the weekly day of rest. If it is Closed, the BCP is
// closed from midnight to midnight, and no truck comes.
type Holiday struct {
	Name  string
	Place string
	// Date is the first day, such as "2026-03-20".
	Date   string
	Days   int // 1 if zero, and at most 31
	Closed bool
}

// Variation is how the days of a BCP differ. Without one they differ by weekday, by chance (arrivals are a Poisson process)
// and by the far side, which blocks the way from time to time (calibration.yaml).
type Variation struct {
	Place string
	// ArrivalSpread and ServiceSpread are the standard deviation over the mean of a factor that each local day draws: one of the
	// arrivals, one of the times of everything that agencies do. The factors are log-normal, up to three standard deviations.
	ArrivalSpread, ServiceSpread float64
	// Persistence is the correlation of the logarithm of a day's factor with that of the day before, from 0 to less than 1.
	Persistence float64
	// Trend is by what share more trucks arrive after 28 days, compound: 0.1 is a tenth more, -0.1 a tenth less.
	Trend float64
	// NoBlocks says that the far side never blocks the way.
	NoBlocks bool
}

// Quiet is a BCP whose days differ by weekday and by the chance of single trucks alone. What is left of one day in the next
// are the trucks inside; with an Intervention of LanesFactor 2 hardly any of them queue.
func Quiet(place string) Variation { return Variation{Place: place, NoBlocks: true} }
