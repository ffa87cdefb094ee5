package engine

import (
	"iter"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"dwell/metrics/visit"
)

// visits are the visits in memory, found by their ids. There may be millions, so they have no pointers, and one of eight
// facts takes about three hundred bytes.
type visits struct {
	entries arena[entry]
	n       int
	// index has the visit of an id at the hash of the id or, where that is taken, after it (Knuth, The Art of Computer
	// Programming 6.4, algorithm L). At most three quarters of it are taken.
	index []slot

	ids   slab[byte]
	facts slab[visit.Fact]
	// gone are the keys that were retracted, of the few visits that have any.
	gone map[ref][]uint64
}

// ref is a visit in memory; 0 is none.
type ref uint32

// slot is where an id may be found. The hash tells nearly all others apart without a look at them.
type slot struct {
	hash  uint32
	visit ref // 0 where it is free
}

// entry is a visit in memory.
type entry struct {
	asOf int64
	// at is the instant at which it lapsed or, while it has not, the deadline at which it waits in lapses; notQueued.
	at     int64
	hash   uint32 // of its id
	id     uint32 // in ids
	facts  uint32 // in facts
	n      uint32 // of its facts
	change uint32 // the number of its change since the last flush; 0 of a visit that is as it was
	idLen  uint16
	room   room // for facts
	is     uint8
}

// what an entry is
const (
	alive  = 1 << iota
	isOver // departed, lapsed, or without a fact
	hasLapsed
	hasGone
)

// fewFacts is the room of a visit that begins: for four.
const fewFacts room = 3

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

func (v *visits) at(r ref) *entry { return v.entries.at(uint32(r)) }

func hashOf(id []byte) uint32 { return uint32(xxhash.Sum64(id) >> 32) }

// find is the visit of an id, 0 if it is not in memory.
func (v *visits) find(id []byte) ref {
	if v.n == 0 {
		return 0
	}
	hash := hashOf(id)
	for i := v.home(hash); ; i = v.after(i) {
		at := v.index[i]
		if at.visit == 0 {
			return 0
		}
		if at.hash == hash && v.id(v.at(at.visit)) == string(id) {
			return at.visit
		}
	}
}

// add makes a visit that is not in memory. It knows nothing.
func (v *visits) add(id []byte) ref {
	r := ref(v.entries.make())
	delete(v.gone, r) // of the visit that was there before
	room := roomFor(len(id))
	e := v.at(r)
	*e = entry{at: notQueued, hash: hashOf(id), id: v.ids.take(room), idLen: uint16(len(id)), facts: v.facts.take(fewFacts), room: fewFacts, is: alive}
	copy(v.ids.of(e.id, room, uint32(len(id))), id)
	if v.n++; 4*v.n > 3*len(v.index) {
		v.reindex(max(64, 2*len(v.index)))
	} else {
		v.enter(r, e.hash)
	}
	return r
}

// id is valid until the next add.
func (v *visits) id(e *entry) string {
	id := v.ids.of(e.id, roomFor(int(e.idLen)), uint32(e.idLen))
	return unsafe.String(unsafe.SliceData(id), len(id))
}

// of is what is known of a visit. It shares the memory of v, until the next put.
func (v *visits) of(r ref) visit.Visit {
	e := v.at(r)
	var gone []uint64
	if e.is&hasGone != 0 {
		gone = v.gone[r]
	}
	return visit.Of(v.facts.of(e.facts, e.room, e.n), gone)
}

// roomy is what is known of a visit, with room for one more fact.
func (v *visits) roomy(r ref) visit.Visit {
	if e := v.at(r); e.n == e.room.size() {
		e.facts, e.room = v.facts.grow(e.facts, e.room, e.n, 1)
	}
	return v.of(r)
}

// put takes what roomy returned, with a fact more or less.
func (v *visits) put(r ref, known *visit.Visit) {
	e := v.at(r)
	e.n = uint32(len(known.Facts()))
	if gone := known.Retracted(); len(gone) > 0 {
		if v.gone == nil {
			v.gone = map[ref][]uint64{}
		}
		v.gone[r] = gone
		e.is |= hasGone
	}
}

// restore makes known of a visit, of which nothing is, what another one is.
func (v *visits) restore(r ref, known *visit.Visit) {
	e, facts := v.at(r), known.Facts()
	v.facts.give(e.facts, e.room)
	e.room = roomFor(len(facts))
	e.facts = v.facts.take(e.room)
	copy(v.facts.of(e.facts, e.room, uint32(len(facts))), facts)
	v.put(r, known)
}

// last is the time of the last fact, None without one.
func (v *visits) last(e *entry) visit.Time {
	if e.n == 0 {
		return visit.None
	}
	return v.facts.of(e.facts, e.room, e.n)[e.n-1].Time
}

// all yields the visits in memory.
func (v *visits) all() iter.Seq2[ref, *entry] {
	return func(yield func(ref, *entry) bool) {
		for r := ref(1); r <= ref(v.entries.made); r++ {
			if e := v.at(r); e.is&alive != 0 && !yield(r, e) {
				return
			}
		}
	}
}

// drop lets go of visits. What they were stays as it is until memory is taken for another one.
func (v *visits) drop(over func(*entry) bool) {
	before := v.n
	for r, e := range v.all() {
		if !over(e) {
			continue
		}
		v.ids.give(e.id, roomFor(int(e.idLen)))
		v.facts.give(e.facts, e.room)
		e.is &^= alive
		v.entries.drop(uint32(r))
		v.n--
	}
	if v.n < before {
		v.reindex(len(v.index))
	}
}

func (v *visits) reindex(size int) {
	if size == len(v.index) {
		clear(v.index)
	} else {
		v.index = make([]slot, size)
	}
	for r, e := range v.all() {
		v.enter(r, e.hash)
	}
}

func (v *visits) home(hash uint32) uint32 { return uint32(uint64(hash) * uint64(len(v.index)) >> 32) }

func (v *visits) enter(r ref, hash uint32) {
	i := v.home(hash)
	for v.index[i].visit != 0 {
		i = v.after(i)
	}
	v.index[i] = slot{hash, r}
}

func (v *visits) after(i uint32) uint32 {
	if i++; int(i) == len(v.index) {
		return 0
	}
	return i
}
