package verdict

import (
	"time"

	"dwell/dashboards/verdict/baseline"
)

const (
	// repeats is how many equal readings in a row a frozen source has at least. Of the 1,714 numbers above zero in the readings
	// of nine Polish-Ukrainian crossings (June to August 2026) none came more than three times in a row.
	repeats = 4
	// tolerance is how far an age may be off, since files give whole minutes.
	tolerance = time.Minute
)

// repetition follows equal numbers of one source. It ends with other numbers, with another state, with none, with an outage, and when the age
// falls: then the source has measured again.
type repetition struct {
	first, last *Sample
	n           int
	// spans are how long earlier repetitions of numbers above zero lasted.
	spans []time.Duration
}

// next returns since when the source is frozen, zero if it is not. It is frozen when it has published equal numbers at least
// four times and for longer than the permitted silence, and
//
//   - their age has grown as fast as the clock: the source publishes one old measurement again and again, or
//   - the numbers are above zero and have been equal for twice as long as is usual for repetitions. Zeros may be equal for
//     weeks: an empty queue stays empty.
func (q *repetition) next(r *Sample, silence time.Duration) time.Time {
	if q.last == nil || !q.continues(r) || r.Time.Sub(q.last.Time) > silence {
		if q.n > 1 && !q.last.zero() {
			q.spans = append(q.spans, q.last.Time.Sub(q.first.Time))
		}
		q.first, q.last, q.n = r, r, 1
		return time.Time{}
	}
	q.last = r
	q.n++
	span := r.Time.Sub(q.first.Time)
	if q.n < repeats || span <= silence {
		return time.Time{}
	}
	if !q.sameMeasurement() && (r.zero() || span <= 2*baseline.Usual(q.spans)) {
		return time.Time{}
	}
	return q.first.measured()
}

func (q *repetition) continues(r *Sample) bool {
	return !r.empty() && equal(r.Vehicles, q.last.Vehicles) && equal(r.Wait, q.last.Wait) &&
		equal(r.Lanes, q.last.Lanes) && equal(r.Rate, q.last.Rate) && r.State == q.last.State &&
		(r.Age == nil) == (q.last.Age == nil) && r.age() >= q.last.age()-tolerance
}

// sameMeasurement reports whether the source has not measured again since the first reading.
func (q *repetition) sameMeasurement() bool {
	return q.last.Age != nil && q.last.measured().Sub(q.first.measured()) <= tolerance
}

// measured returns when the source measured the queue.
func (r *Sample) measured() time.Time { return r.Time.Add(-r.age()) }

func (r *Sample) age() time.Duration { return r.AgeAt(r.Time) }

func equal(a, b *uint64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
