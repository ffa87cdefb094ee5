package verdict

import (
	"time"

	"dwell/dashboards/verdict/baseline"
)

const (
	// again is how many times in a row a source must have said the same. Of the 1,714 numbers above zero in the readings of
	// nine Polish-Ukrainian crossings (June to August 2026) none was there more than three times running.
	again = 4
	// coarse is how far an age may be off, since files give whole minutes.
	coarse = time.Minute
)

// repetition follows the same numbers of one source. It ends with other numbers, with none, with an outage, and when the
// age falls: then the source has looked again.
type repetition struct {
	first, last *Sample
	n           int
	// spans are how long earlier ones of numbers above zero lasted.
	spans []time.Duration
}

// next is since when the source has repeated itself, zero if it does not. It does when it has said the same at least
// four times and for longer than it may be silent, and
//
//   - the age has grown as fast as the clock: it hands out one old look at the queue, or
//   - the numbers are above zero and have stood still twice as long as is usual when they do. Zeros may stand still for
//     weeks: an empty queue stays empty.
func (q *repetition) next(r *Sample, silence time.Duration) time.Time {
	if q.last == nil || !q.goesOn(r) || r.Time.Sub(q.last.Time) > silence {
		if q.n > 1 && !q.last.zero() {
			q.spans = append(q.spans, q.last.Time.Sub(q.first.Time))
		}
		q.first, q.last, q.n = r, r, 1
		return time.Time{}
	}
	q.last = r
	q.n++
	span := r.Time.Sub(q.first.Time)
	if q.n < again || span <= silence {
		return time.Time{}
	}
	if !q.oneLook() && (r.zero() || span <= 2*baseline.Usual(q.spans)) {
		return time.Time{}
	}
	return q.first.looked()
}

func (q *repetition) goesOn(r *Sample) bool {
	return !r.empty() && equal(r.Vehicles, q.last.Vehicles) && equal(r.Wait, q.last.Wait) &&
		(r.Age == nil) == (q.last.Age == nil) && r.age() >= q.last.age()-coarse
}

// oneLook says that the queue was not looked at since the first reading.
func (q *repetition) oneLook() bool {
	return q.last.Age != nil && q.last.looked().Sub(q.first.looked()) <= coarse
}

// looked is when the source looked at the queue.
func (r *Sample) looked() time.Time { return r.Time.Add(-r.age()) }

func (r *Sample) age() time.Duration { return r.AgeAt(r.Time) }

func equal(a, b *uint64) bool { return a == nil && b == nil || a != nil && b != nil && *a == *b }
