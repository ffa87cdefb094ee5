package player

import (
	"fmt"
	"math"
	"time"
)

// Clock is the time at a simulated border, which runs faster than real time.
type Clock struct {
	begun, simulated time.Time
	speed            float64
}

// The speeds of a clock. With others its times would not fit into a time.Duration.
const (
	MinSpeed = 0.001
	MaxSpeed = 1_000_000
)

// CheckSpeed refuses a speed that is not in MinSpeed..MaxSpeed, and what is no number.
func CheckSpeed(speed float64) error {
	if speed >= MinSpeed && speed <= MaxSpeed {
		return nil
	}
	return fmt.Errorf("%v is not in %v..%d", speed, MinSpeed, MaxSpeed)
}

// NewClock makes a clock that starts now at the simulated time and runs speed times as fast as real time; speed is one that CheckSpeed accepts.
// A clock with the zero time starts at the first emission.
func NewClock(simulated time.Time, speed float64) *Clock {
	return &Clock{begun: time.Now(), simulated: simulated, speed: speed}
}

// Now is the time at the border.
func (c *Clock) Now() time.Time {
	return c.simulated.Add(time.Duration(float64(time.Since(c.begun)) * c.speed))
}

// start starts a clock that has no time yet at the instant at, in Unix milliseconds.
func (c *Clock) start(at int64) {
	if c.simulated.IsZero() {
		c.begun, c.simulated = time.Now(), time.UnixMilli(at)
	}
}

// until is the real time until the instant at, in Unix milliseconds; not positive once it has passed. It is computed from
// real time, since a fast clock leaves the range of a Duration within seconds.
func (c *Clock) until(at int64) time.Duration {
	real := float64(time.UnixMilli(at).Sub(c.simulated)) / c.speed
	return time.Duration(min(real, math.MaxInt64/2)) - time.Since(c.begun)
}
