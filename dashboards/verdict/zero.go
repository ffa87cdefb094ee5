package verdict

import "time"

// confirming is how many zeros in a row are an empty queue, whatever came before: after an outage a source may publish zero
// before it has measured. Three zeros distinguish an empty queue from a short or a false zero. In the readings of
// nine Polish-Ukrainian crossings (June to August 2026) a zero was 79 times the first number after more than twelve hours:
// at the two crossings where hardly any truck ever waits, two more zeros followed 66 of 74; at Budomierz, where trucks do
// wait, two more zeros followed none of 5, and one of 18 that came without a gap and after another number or a zero.
const confirming = 3

// emptiness follows the zeros of one source.
type emptiness struct {
	last  time.Time // of the readings with numbers
	doubt Doubt
	zeros int // in doubt
}

func (e *emptiness) next(r *Sample, silence time.Duration, closed func(from, to time.Time) bool) Doubt {
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
