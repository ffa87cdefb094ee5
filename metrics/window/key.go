package window

import (
	"time"

	"dwell/ingest/event"
)

// Grain is the length of a window.
type Grain uint8

// The grains. Hours and days follow the time zone of the BCP.
const (
	Minute Grain = iota + 1
	Hour
	Day
)

var grainNames = [...]string{"", "minute", "hour", "day"}

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

// In returns the key of the hour or day that has this minute, in the BCP's time zone.
func (k Key) In(g Grain, zone *time.Location) Key {
	k.Grain = g
	switch g {
	case Hour:
		k.Start = hourOf(k.Start, zone)
	case Day:
		k.Start, _ = dayOf(k.Start, zone)
	}
	return k
}

// End is when the window ends, in minutes since the Unix epoch. A day may be 23 or 25 hours long.
func (k Key) End(zone *time.Location) int32 {
	switch k.Grain {
	case Hour:
		return k.Start + 60
	case Day:
		_, end := dayOf(k.Start, zone)
		return end
	default:
		return k.Start + 1
	}
}

// hourOf is the start of the local hour. Where clocks go back, the hour that comes twice is two windows.
func hourOf(minute int32, zone *time.Location) int32 {
	_, offset := at(minute, zone).Zone()
	past := (minute + int32(offset/60)) % 60
	if past < 0 {
		past += 60
	}
	return minute - past
}

// dayOf is the local day that has this minute.
func dayOf(minute int32, zone *time.Location) (start, end int32) {
	y, m, d := at(minute, zone).Date()
	return int32(time.Date(y, m, d, 0, 0, 0, 0, zone).Unix() / 60), int32(time.Date(y, m, d+1, 0, 0, 0, 0, zone).Unix() / 60)
}

func at(minute int32, zone *time.Location) time.Time { return time.Unix(int64(minute)*60, 0).In(zone) }
