// Package verdict decides which readings of a queue, made elsewhere, are doubtful: stale, frozen, zero too soon, or zero
// beside another number.
//
// It promises that a verdict on a reading rests on this reading and those before it, so that later ones never change it,
// and that nothing is corrected: the numbers stay as they were published. It refuses to judge a reading without numbers.
//
// The package is pure: it is given the readings, how long a silence may be, and when the place was closed.
package verdict

import "time"

// Sample is one reading of a queue as a source published it. Numbers are nil where the source had none.
type Sample struct {
	Time           time.Time
	Vehicles, Wait *uint64
	// Age is how old the numbers were at Time, in seconds.
	Age *uint64
	// Lanes, Rate and State say how the queue is served. A source that publishes others does not repeat itself.
	Lanes, Rate *uint64
	State       string
}

func (r *Sample) empty() bool { return r.Vehicles == nil && r.Wait == nil }

// zero reports whether the source says that the queue is empty.
func (r *Sample) zero() bool {
	return !r.empty() && (r.Vehicles == nil || *r.Vehicles == 0) && (r.Wait == nil || *r.Wait == 0)
}

// AgeAt returns how old the numbers are at t.
func (r *Sample) AgeAt(t time.Time) time.Duration {
	age := max(0, t.Sub(r.Time))
	if r.Age != nil {
		age += time.Duration(*r.Age) * time.Second
	}
	return age
}

// waitDoubt returns why the wait does not count: nobody waits, and vehicles do. Sources write zero for a wait that they do not know.
func (r *Sample) waitDoubt() Doubt {
	if r.Wait != nil && *r.Wait == 0 && r.Vehicles != nil && *r.Vehicles > 0 {
		return WithVehicles
	}
	return ""
}

// Doubt is why a zero does not count.
type Doubt string

// The doubts.
const (
	AfterClosure Doubt = "zero_after_closure"
	AfterOutage  Doubt = "zero_after_outage"
	WithVehicles Doubt = "zero_with_vehicles"
)

// Verdict says in which ways a reading is doubtful; the zero value is a good one.
type Verdict struct {
	// Stale says that its numbers, when published, were older than the permitted silence.
	Stale bool
	// FrozenSince is since when the source has repeated itself; zero if it does not.
	FrozenSince time.Time
	// Doubt is why the queue may not be empty, and WaitDoubt why its wait may not be zero.
	Doubt, WaitDoubt Doubt
}

// Rules are what the verdicts on the readings of one place depend on, besides the readings.
type Rules struct {
	// Silence returns the permitted silence: how long the source may publish nothing, at a time.
	Silence func(time.Time) time.Duration
	// Closed reports whether the place was closed at some time of (from, to].
	Closed func(from, to time.Time) bool
}

// Judge judges the readings of one queue of one source, in one direction, which are ordered by time.
func (r Rules) Judge(readings []Sample) []Verdict {
	verdicts := make([]Verdict, len(readings))
	var empty emptiness
	var same repetition
	for i := range readings {
		reading, v := &readings[i], &verdicts[i]
		silence := r.Silence(reading.Time)
		v.Stale = !reading.empty() && reading.AgeAt(reading.Time) > silence
		v.WaitDoubt = reading.waitDoubt()
		v.Doubt = empty.next(reading, silence, r.Closed)
		v.FrozenSince = same.next(reading, silence)
	}
	return verdicts
}

// Until returns how long a reading of t holds: until the next one, or until the permitted silence is over if that is earlier.
func (r Rules) Until(t, next time.Time) time.Time {
	const step = 15 * time.Minute // the permitted silence changes with the local hour
	for at := t; ; at = at.Truncate(step).Add(step) {
		end := t.Add(r.Silence(at))
		switch {
		case !at.Before(next):
			return next
		case end.Before(at):
			return at
		case end.Before(at.Truncate(step).Add(step)) && end.Before(next):
			return end
		}
	}
}
