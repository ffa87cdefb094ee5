package reliability

import "time"

const (
	// Period is a quarter of an hour.
	Period = 15 * time.Minute
	// LeastPeriods is how many are needed: five open hours. A single one then is at most five points of the share.
	LeastPeriods = 20
)

// Wait is a truck's wait, in [From, Until): such as from its arrival to its release or refusal. Until is zero while it still waits.
type Wait struct{ From, Until time.Time }

// Periods are the quarters of an hour in which a BCP was open. There is no interval beside the share: a truck that waits too long is in
// many periods after one another, so they are far from independent.
type Periods struct {
	// Within are those in which no truck had waited longer than the target at any instant, nor did where no truck waited.
	Within, N int64
	// Share is that between 0 and 1; nil of fewer than LeastPeriods.
	Share *float64
}

// OldestWithin counts the periods that begin at from and each quarter of an hour later, and end by until. Open says of each whether it
// counts: whether the BCP was open throughout, and what happened there is known. Waits that are no longer than the target change nothing and may be
// left out, so that few need to be read. They are in any order.
func OldestWithin(waits []Wait, target time.Duration, from, until time.Time, open func(from, until time.Time) bool) Periods {
	n := max(0, int(until.Sub(from)/Period))
	over := make([]int, n+1) // how many more trucks are over the target than in the period before
	for _, w := range waits {
		begins, ends := w.From.Add(target).Sub(from), until.Sub(from)
		if !w.Until.IsZero() {
			ends = w.Until.Sub(from)
		}
		if begins = max(begins, 0); begins < ends {
			over[min(n, int(begins/Period))]++
			over[min(n, int((ends+Period-1)/Period))]--
		}
	}
	var p Periods
	trucks := 0
	for i := range n {
		trucks += over[i]
		at := from.Add(time.Duration(i) * Period)
		if !open(at, at.Add(Period)) {
			continue
		}
		if p.N++; trucks == 0 {
			p.Within++
		}
	}
	if p.N >= LeastPeriods {
		share := float64(p.Within) / float64(p.N)
		p.Share = &share
	}
	return p
}
