package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// visits are the visits in memory, found by their ids. There may be millions, and one of eight facts takes about three
// hundred bytes.
type visits struct {
	mem.Index[entry]
	facts mem.Slab[visit.Fact]
	// gone are the keys that were retracted, of the few visits that have any.
	gone map[mem.Ref][]uint64
}

// entry is a visit in memory.
type entry struct {
	asOf int64
	// at is the instant at which it lapsed or, while it has not, the deadline at which it waits in lapses; notQueued.
	at     int64
	facts  mem.List
	change uint32 // the number of its change since the last flush; 0 of a visit that is as it was
	is     uint8
}

// what an entry is
const (
	isOver = 1 << iota // departed, lapsed, or without a fact
	hasLapsed
	hasGone
)

// fewFacts is for how many there is room in a visit that begins.
const fewFacts = 4

func (e *entry) over() bool { return e.is&isOver != 0 }

func (e *entry) lapsed() visit.Time {
	if e.is&hasLapsed != 0 {
		return e.at
	}
	return visit.None
}

// queued is the deadline at which it waits in lapses.
func (e *entry) queued() int64 {
	if e.is&hasLapsed != 0 {
		return notQueued
	}
	return e.at
}

func (e *entry) setLapsed(at visit.Time) {
	switch {
	case at != visit.None:
		e.at = at
		e.is |= hasLapsed
	case e.is&hasLapsed != 0:
		e.at = notQueued
		e.is &^= hasLapsed
	}
}

func (e *entry) setOver(over bool) {
	e.is &^= isOver
	if over {
		e.is |= isOver
	}
}

// Add makes a visit that is not in memory. It knows nothing.
func (v *visits) Add(id []byte) mem.Ref {
	r := v.Index.Add(id)
	delete(v.gone, r) // of the visit that was there before
	e := v.At(r)
	e.at = notQueued
	v.facts.Grow(&e.facts, fewFacts)
	return r
}

// of is what is known of a visit. It shares the memory of v, until the next put.
func (v *visits) of(r mem.Ref) visit.Visit {
	e := v.At(r)
	var gone []uint64
	if e.is&hasGone != 0 {
		gone = v.gone[r]
	}
	return visit.Of(v.facts.Items(e.facts), gone)
}

// roomy is what is known of a visit, with room for one more fact.
func (v *visits) roomy(r mem.Ref) visit.Visit {
	v.facts.Grow(&v.At(r).facts, 1)
	return v.of(r)
}

// put takes what roomy returned, with a fact more or less.
func (v *visits) put(r mem.Ref, known *visit.Visit) {
	e := v.At(r)
	e.facts.Resize(len(known.Facts()))
	v.putGone(r, known)
}

func (v *visits) putGone(r mem.Ref, known *visit.Visit) {
	if gone := known.Retracted(); len(gone) > 0 {
		if v.gone == nil {
			v.gone = map[mem.Ref][]uint64{}
		}
		v.gone[r] = gone
		v.At(r).is |= hasGone
	}
}

// restore makes known of a visit, of which nothing is, what another one is.
func (v *visits) restore(r mem.Ref, known *visit.Visit) {
	v.facts.Set(&v.At(r).facts, known.Facts())
	v.putGone(r, known)
}

// last is the time of the last fact, None without one.
func (v *visits) last(e *entry) visit.Time {
	facts := v.facts.Items(e.facts)
	if len(facts) == 0 {
		return visit.None
	}
	return facts[len(facts)-1].Time
}

// DeleteFunc lets go of visits. What they were stays as it is until memory is taken for another one.
func (v *visits) DeleteFunc(gone func(mem.Ref, *entry) bool) {
	v.Index.DeleteFunc(func(r mem.Ref, e *entry) bool {
		if !gone(r, e) {
			return false
		}
		v.facts.Free(e.facts)
		return true
	})
}
