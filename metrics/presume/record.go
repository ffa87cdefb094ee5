package presume

import "math"

// Record is how often presumptions were right: of the time that trucks waited, how much was charged to the presumed holder in the end. The time is
// that of stretches, which is bounded: a truck that stood for years weighs as much as one that stood for days.
type Record struct {
	// Ms is the time that was presumed of, RightMs the part of it that was charged to the presumed holder, and SecondMs to the second.
	Ms, RightMs, SecondMs int64
	// UnknownMs is the time for which nobody was presumed.
	UnknownMs int64
	// Tenths is the time of presumptions with a share in [0, 10 %), [10, 20 %) and so on; those of the procedure have no share.
	Tenths [10]Tenth
}

// Tenth is the time for which a share was said within one tenth.
type Tenth struct {
	Ms int64
	// SaidMs is the time weighed with the share that was said, RightMs the part that was charged to the presumed holder. The presumptions are
	// calibrated where these are equal.
	SaidMs  int64
	RightMs int64
}

// Score adds a stretch for which p was presumed.
func (r *Record) Score(p Presumption, s *Stretch) {
	if p.Basis == Nothing {
		r.UnknownMs += s.Ms
		return
	}
	right := int64(0)
	if p.Holder == s.Holder {
		right = s.Ms
	}
	r.Ms += s.Ms
	r.RightMs += right
	if p.Second == s.Holder {
		r.SecondMs += s.Ms
	}
	if p.Basis == Procedure {
		return
	}
	t := &r.Tenths[min(int(p.Share*10), 9)]
	t.Ms += s.Ms
	t.SaidMs += int64(math.Round(p.Share * float64(s.Ms)))
	t.RightMs += right
}

// Report is the record of a BCP, of so many visits.
type Report struct {
	Record
	Visits int
}
