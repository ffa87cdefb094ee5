package source

import (
	"bytes"
	"time"
)

// maxHeld bounds the readings of a place that wait for its next one: those of an hour that is there twice.
const maxHeld = 10_000

// series is the readings of one place in the order of the lines. It tells the two passes of a local hour apart that is there
// twice: in a file in order the local times go back once, where the clocks did.
type series struct {
	last time.Time // the instant of the last reading before the held ones; zero if there is no such reading
	held []reading
}

// next returns the readings that are now in order. The ones whose instant cannot be told keep their later.
func (s *series) next(r reading) (ready []reading) {
	if !r.later.IsZero() {
		r.bytes = bytes.Clone(r.bytes)
		s.held = append(s.held, r)
		if len(s.held) > maxHeld {
			return s.rest()
		}
		return nil
	}
	if len(s.held) > 0 {
		decide(s.held, s.last, r.at)
		ready, s.held = s.held, nil
	}
	s.last = r.at
	return append(ready, r)
}

// rest returns the readings that still wait at the end of the file.
func (s *series) rest() (ready []reading) {
	if len(s.held) <= maxHeld {
		decide(s.held, s.last, time.Time{})
	}
	ready, s.held = s.held, nil
	return ready
}

// decide tells the two passes apart, by the readings before and after, zero where there are none.
func decide(held []reading, before, after time.Time) {
	if len(held) == 0 || before.IsZero() && after.IsZero() {
		return
	}
	low, high := held[0].at, held[0].later
	for _, r := range held {
		if r.at.Before(low) {
			low = r.at
		}
		if r.later.After(high) {
			high = r.later
		}
	}
	upwards := (before.IsZero() || before.Before(low)) && (after.IsZero() || after.After(high))
	downwards := (before.IsZero() || before.After(high)) && (after.IsZero() || after.Before(low))
	turn, turns := 0, 0
	for i := 1; i < len(held); i++ {
		if upwards && !held[i].at.After(held[i-1].at) || downwards && !held[i].at.Before(held[i-1].at) {
			turn = i
			turns++
		}
	}
	if turns != 1 {
		return
	}
	for i := range held {
		if (i >= turn) == upwards {
			held[i].at = held[i].later
		}
		held[i].later = time.Time{}
	}
}
