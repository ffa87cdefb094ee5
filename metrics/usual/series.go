package usual

import (
	"time"

	"dwell/ingest/event"
)

// Measure is something that has a usual value.
type Measure string

// The measures. Those of time are in seconds, the medians of those that ended in an hour; flows are trucks an hour; Inside and what readings say are
// of instants, such as the begin of an hour.
const (
	Inside       Measure = "inside"
	ReleaseTime  Measure = "release_time"
	CrossingTime Measure = "crossing_time"
	Arrivals     Measure = "arrivals"
	Releases     Measure = "releases"
	Departures   Measure = "departures"
	Vehicles     Measure = "queue_vehicles"
	Wait         Measure = "queue_wait"
)

// OfTrucks are the measures of a BCP's trucks, in the order in which they are shown.
var OfTrucks = []Measure{Inside, ReleaseTime, CrossingTime, Arrivals, Releases, Departures}

// floors are the least that a deviation is measured in: less is nobody's trouble, however quiet the BCP is.
var floors = map[Measure]float64{
	Inside: 5, Vehicles: 5,
	ReleaseTime: 15 * 60, CrossingTime: 15 * 60, Wait: 15 * 60,
	Arrivals: 2, Releases: 2, Departures: 2,
}

// Floor is the least that a deviation of a measure is measured in.
func (m Measure) Floor() float64 { return floors[m] }

// OfInstants reports whether values are of instants, and not of hours.
func (m Measure) OfInstants() bool { return m == Inside || m == Vehicles || m == Wait }

// Unit is trucks, seconds or vehicles, or trucks an hour.
func (m Measure) Unit() string {
	switch m {
	case Inside:
		return "trucks"
	case Vehicles:
		return "vehicles"
	case Arrivals, Releases, Departures:
		return "trucks/h"
	}
	return "seconds"
}

// Series is one measure at a BCP. Without a direction it is of both together.
type Series struct {
	BCP       event.BCP
	Direction event.Direction
	Measure   Measure
	// Source and Queue are empty but for a measure of readings.
	Source, Queue string
}

// Learned is what was learned at an instant.
type Learned struct {
	At    time.Time
	Weeks map[Series]*Week
}

// Seen is a series at an instant: its value, and how far that is from what is usual then.
type Seen struct {
	At time.Time
	// X is nil where the value is not known, Median where nothing is usual or the BCP is closed, and Deviation where either is.
	X, Median, Deviation *float64
	// Over says that the value is above what the BCP has room for.
	Over bool
}

// Looked is what was seen at a look, and whether that makes a spike.
type Looked struct {
	Seen
	Spike Spike
}

// InForce is what was learned, and what was seen at the last look.
type InForce struct {
	*Learned
	Looked map[Series]Looked
}

// Of is what is usual of a series at an instant, with fewer than Enough weeks where that is not known.
func (l *Learned) Of(s Series, t time.Time, zone *time.Location) Hour {
	if week := l.Weeks[s]; week != nil {
		return week.At(t, zone, s.Measure.OfInstants())
	}
	return Hour{}
}

// See compares the value of a series at an instant, nil where it is not known. While the BCP is closed, nothing is usual.
func (l *Learned) See(s Series, at time.Time, zone *time.Location, x *float64, open bool) Seen {
	seen := Seen{At: at, X: x}
	h := l.Of(s, at, zone)
	if !h.Known() || !open {
		return seen
	}
	seen.Median = &h.Median
	if x != nil {
		d := l.Weeks[s].Deviation(h, *x, s.Measure.Floor())
		seen.Deviation = &d
	}
	return seen
}
