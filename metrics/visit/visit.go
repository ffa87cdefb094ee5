// Package visit derives one truck's passage through one BCP from the facts about it.
//
// It promises that a visit is a set: applying a fact twice, or facts in another order, gives the same visit, and a
// retraction removes its fact whichever of the two came first. It promises that time is conserved: the segments of a
// visit cut [arrived, departed] without gap or overlap, each with exactly one holder, by the rule in holder.go.
// It refuses to average what cannot be true: a visit that is incomplete or inconsistent has no segments and no times.
//
// The package is pure: no I/O, no clock, no logger.
package visit

import (
	"slices"

	"dwell/ingest/event"
)

// Visit is the set of facts about one visit. It is not for concurrent use.
type Visit struct {
	bcp       event.BCP
	facts     []Fact   // ordered by compare, keys unique
	retracted []uint64 // keys of retracted facts, in order
}

// New is the visit at a BCP that has no facts yet.
func New(b event.BCP) *Visit { return &Visit{bcp: b} }

// Apply adds a fact, or removes one if it is a retraction. It returns false if that changes nothing.
func (v *Visit) Apply(f Fact) bool {
	if v.Knows(f) {
		return false
	}
	if f.Type == event.EventRetracted {
		at, _ := slices.BinarySearch(v.retracted, f.Key)
		v.retracted = slices.Insert(v.retracted, at, f.Key)
	}
	if i := v.index(f.Key); i >= 0 {
		v.facts = slices.Delete(v.facts, i, i+1)
	}
	if f.Type == event.EventRetracted {
		return true
	}
	at := len(v.facts)
	for at > 0 && compare(f, v.facts[at-1]) < 0 {
		at--
	}
	if len(v.facts) == cap(v.facts) {
		v.facts = slices.Grow(v.facts, 4)
	}
	v.facts = slices.Insert(v.facts, at, f)
	return true
}

// MostFacts is how many different facts a visit takes, those that were retracted among them. A truck has some tens. Without a bound
// one subject with a million events would hold its shard up: an event may change everything about its visit, and costs as much.
const MostFacts = 10_000

// Refuses reports whether a visit that takes so many facts takes f no more. A retracted fact keeps its place, so what a visit has taken
// it takes again, and a fact that it has can always be retracted. Up to the bound any order of facts gives the same visit, beyond it
// the first ones count.
func (v *Visit) Refuses(f Fact, most int) bool {
	return len(v.facts)+len(v.retracted) >= most && v.index(f.Key) < 0 && !v.hasRetracted(f.Key)
}

// Knows reports whether applying f would change nothing. Of one id with two contents, which CloudEvents forbids, the smaller
// content counts, in any order.
func (v *Visit) Knows(f Fact) bool {
	if v.hasRetracted(f.Key) {
		return true
	}
	i := v.index(f.Key)
	return f.Type != event.EventRetracted && i >= 0 && compare(f, v.facts[i]) >= 0
}

func (v *Visit) hasRetracted(key uint64) bool {
	_, found := slices.BinarySearch(v.retracted, key)
	return found
}

func (v *Visit) index(key uint64) int {
	for i := range v.facts {
		if v.facts[i].Key == key {
			return i
		}
	}
	return -1
}

// Of is the visit at a BCP with these facts, ordered and unique as Facts returns them, and these retractions. It shares both slices;
// Apply appends within the capacity of the first.
func Of(b event.BCP, facts []Fact, retracted []uint64) Visit { return Visit{b, facts, retracted} }

// Retracted are the keys of the events that were retracted. The slice is the visit's own.
func (v *Visit) Retracted() []uint64 { return v.retracted }

// Facts are the facts in order of time. The slice is the visit's own.
func (v *Visit) Facts() []Fact { return v.facts }

// Overlaps reports whether, by any of its facts, the visit may have been at a BCP during [from, to), and of a direction, unless that is
// event.NoDirection.
func (v *Visit) Overlaps(b event.BCP, d event.Direction, from, to Time) bool {
	n := len(v.facts)
	return n > 0 && v.bcp == b && v.facts[0].Time < to && v.facts[n-1].Time > from &&
		(d == event.NoDirection || slices.ContainsFunc(v.facts, func(f Fact) bool { return f.Direction() == d }))
}
