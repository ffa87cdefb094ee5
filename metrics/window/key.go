package window

import "dwell/ingest/event"

// Grain is the length of a window.
type Grain uint8

// The grains. Hours and days follow the time zone of the BCP: Clock. Tables have the numbers, which never change.
const (
	Minute Grain = 1
	Hour   Grain = 2
	Day    Grain = 3
)

var grainNames = [...]string{Minute: "minute", Hour: "hour", Day: "day"}

func (g Grain) String() string { return grainNames[g] }

// ParseGrain reads a grain's name.
func ParseGrain(s string) (Grain, bool) {
	for g := Minute; g <= Day; g++ {
		if grainNames[g] == s {
			return g, true
		}
	}
	return 0, false
}

// Key names one row of the windows of a shard.
type Key struct {
	// Start is when the window begins, in minutes since the Unix epoch.
	Start     int32
	BCP       event.BCP
	Measure   Measure
	Direction event.Direction
	Channel   event.Channel
	Regime    event.Regime
	Grain     Grain
}

// MinuteOf is the start of the minute of an instant in Unix milliseconds.
func MinuteOf(ms int64) int32 {
	const minute = 60_000
	if ms < 0 {
		ms -= minute - 1
	}
	return int32(ms / minute)
}
