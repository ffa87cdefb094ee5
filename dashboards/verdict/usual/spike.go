package usual

import "time"

// Every is the time between two looks at a value.
const Every = 15 * time.Minute

// A spike begins above the first deviation and ends below the second.
const (
	begins = 3
	ends   = 2
)

// Look is what a value was like at one instant.
type Look struct {
	At time.Time
	// Deviation is from what is usual; nil where that is not known.
	Deviation *float64
	// Over says that the value is above what the BCP has room for, which is a spike whatever is usual.
	Over bool
	// Unknown says that the value itself is not known.
	Unknown bool
}

// Spike is whether a value is far above what is usual, as looks at it say, one each quarter of an hour. A value must be high for as long, in two
// looks, for one to begin, and low in two for it to end: in between, and where nothing is known, it goes on as it was.
type Spike struct {
	// Since is when the spike was first seen; zero where it is none.
	Since time.Time

	turning time.Time // when the value was first seen on the other side, zero where it was not
}

// Step follows with the next look.
func (s *Spike) Step(l Look) {
	high := l.Over || l.Deviation != nil && *l.Deviation > begins
	low := !l.Over && l.Deviation != nil && *l.Deviation < ends
	turns := !l.Unknown && (s.Since.IsZero() && high || !s.Since.IsZero() && low)
	switch {
	case !turns:
		s.turning = time.Time{}
	case s.turning.IsZero():
		s.turning = l.At
	case l.At.Sub(s.turning) >= Every && s.Since.IsZero():
		s.Since, s.turning = s.turning, time.Time{}
	case l.At.Sub(s.turning) >= Every:
		*s = Spike{}
	}
}
