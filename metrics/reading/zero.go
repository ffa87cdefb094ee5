package reading

import "time"

// confirming is how many zeros in a row are an empty queue, whatever went before: a source that wakes up may say zero
// before it knows. In the readings of nine Polish-Ukrainian crossings (June to August 2026, 2,125) a zero was 77 times the
// first number after more than twelve hours. At Budomierz, where trucks do wait, it was so five times, and each time trucks
// were there again by the third number; at the two where hardly any truck ever waits, the third was zero in 64 of 72.
const confirming = 3

// emptiness follows the zeros of one source.
type emptiness struct {
	last  time.Time // of the readings with numbers
	doubt Doubt
	zeros int // in doubt
}

func (e *emptiness) next(r *Reading, silence time.Duration, closed func(from, to time.Time) bool) Doubt {
	if r.empty() {
		return ""
	}
	switch {
	case !e.last.IsZero() && closed(e.last, r.Time):
		e.doubt, e.zeros = AfterClosure, 0
	case e.doubt == "" && r.Time.Sub(e.last) > silence: // the first one comes after a silence too
		e.doubt, e.zeros = AfterOutage, 0
	}
	e.last = r.Time
	if e.zeros++; !r.zero() || e.zeros == confirming {
		e.doubt = ""
	}
	return e.doubt
}
