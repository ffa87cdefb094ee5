package player

import "time"

// Clock is the time at a simulated border, which goes faster than life.
type Clock struct {
	begun, simulated time.Time
	speed            float64
}

// NewClock makes a clock that begins at simulated, now, and goes speed times as fast as life; speed is positive. One that
// begins at the zero time is begun by the first emission that is played.
func NewClock(simulated time.Time, speed float64) *Clock {
	return &Clock{begun: time.Now(), simulated: simulated, speed: speed}
}

// Now is the time at the border.
func (c *Clock) Now() time.Time {
	return c.simulated.Add(time.Duration(float64(time.Since(c.begun)) * c.speed))
}

// start begins a clock that has not begun yet at the instant at, in Unix milliseconds.
func (c *Clock) start(at int64) {
	if c.simulated.IsZero() {
		c.begun, c.simulated = time.Now(), time.UnixMilli(at)
	}
}

// until is how long, in life, it takes until the instant at, in Unix milliseconds. It is not positive once that has come.
func (c *Clock) until(at int64) time.Duration {
	return time.Duration(float64(time.UnixMilli(at).Sub(c.Now())) / c.speed)
}
