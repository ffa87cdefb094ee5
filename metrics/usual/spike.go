package usual

import "time"

// Every is the time between two looks at a value.
const Every = 15 * time.Minute

// A spike begins above the first deviation and ends below the second.
const (
	begins = 3
	ends   = 2
)

// forgotten is how long a spike goes on while nothing is known.
const forgotten = 24 * time.Hour

// Spike is whether a value is far above what is usual, as looks at it say, one each quarter of an hour. A value must be high for as long, in two
// looks, for one to begin, and low in two for it to end: in between it goes on as it was, and where nothing is known, as while the BCP is closed,
// for a day.
type Spike struct {
	// Since is when the spike was first seen; zero where it is none.
	Since time.Time
	// Turning is when the value was first seen on the other side, zero where it was not.
	Turning time.Time
	// Known is the last look at which something was known.
	Known time.Time
}

// Is reports whether there is one.
func (s Spike) Is() bool { return !s.Since.IsZero() }

// Step follows with the next look.
func (s *Spike) Step(l Seen) {
	if l.At.Sub(s.Known) > Every { // looks were missed, or nothing was known
		s.Turning = time.Time{}
	}
	if l.At.Sub(s.Known) > forgotten {
		s.Since = time.Time{}
	}
	if l.Deviation == nil && !l.Over {
		return
	}
	s.Known = l.At
	switch turns := l.high() && !s.Is() || !l.high() && s.Is() && *l.Deviation < ends; {
	case !turns:
		s.Turning = time.Time{}
	case s.Turning.IsZero():
		s.Turning = l.At
	case s.Is():
		s.Since, s.Turning = time.Time{}, time.Time{}
	default:
		s.Since, s.Turning = s.Turning, time.Time{}
	}
}

func (l *Seen) high() bool { return l.Over || l.Deviation != nil && *l.Deviation > begins }
