package engine

import (
	"encoding/binary"

	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// visits are the visits in memory, by visitKey. There may be millions, and one of eight facts takes about three hundred bytes.
type visits struct {
	mem.Index[entry]
	facts mem.Slab[visit.Fact]
	spans spans
	// retracted are the keys of retracted events, of the few visits that have any.
	retracted map[mem.Ref][]uint64
}

// entry is a visit in memory.
type entry struct {
	asOf int64
	// at is the instant at which it lapsed or, while it has not, its deadline in the queue of lapses, or notQueued.
	at    int64
	facts mem.List
	dirty uint32 // its number among the dirty visits, the first of them 1; 0 if it is not dirty
	month int16  // of the first event that was applied, in months since the year 0
	flags uint8
}

// visitKey is the key of a visit in memory: its BCP in two bytes, and the subject of its events.
func visitKey(dst []byte, b event.BCP, id []byte) []byte {
	return append(binary.LittleEndian.AppendUint16(dst, uint16(b)), id...)
}

// keyOf is the key of a visit in the tables. It is valid as long as the visit is in memory.
func (v *visits) keyOf(r mem.Ref) visit.Key {
	key := v.Key(r)
	return visit.Key{BCP: event.BCP(key[0]) | event.BCP(key[1])<<8, ID: key[2:]}
}

func (e *entry) setMonth(m visit.Month) { e.month = int16(m/100*12 + m%100 - 1) }

func (e *entry) monthOf() visit.Month {
	m := visit.Month(e.month)
	return m/12*100 + m%12 + 1
}

// The flags of an entry.
const (
	isOver = 1 << iota // departed, lapsed, or without a fact
	hasLapsed
	hasRetracted
	isSettled // it is absent, and its deltas have been collected for good
)

// fewFacts is the capacity for facts of a new visit.
const fewFacts = 4

func (e *entry) over() bool { return e.flags&isOver != 0 }

func (e *entry) settled() bool { return e.flags&isSettled != 0 }

func (e *entry) lapsed() visit.Time {
	if e.flags&hasLapsed != 0 {
		return e.at
	}
	return visit.None
}

// queued is its deadline in the queue of lapses, or notQueued.
func (e *entry) queued() int64 {
	if e.flags&hasLapsed != 0 {
		return notQueued
	}
	return e.at
}

func (e *entry) setLapsed(at visit.Time) {
	switch {
	case at != visit.None:
		e.at = at
		e.flags |= hasLapsed
	case e.flags&hasLapsed != 0:
		e.at = notQueued
		e.flags &^= hasLapsed
	}
}

func (e *entry) setOver(over bool) {
	e.flags &^= isOver
	if over {
		e.flags |= isOver
	}
}

// Add makes a visit without facts. Its key must not be in memory.
func (v *visits) Add(key []byte, m visit.Month) mem.Ref {
	r := v.Index.Add(key)
	delete(v.retracted, r) // of an earlier visit with this Ref
	e := v.At(r)
	e.at = notQueued
	e.setMonth(m)
	v.facts.Grow(&e.facts, fewFacts)
	return r
}

// clear takes all facts from a visit, which is of another month then. Its entry in the queue of lapses counts no longer.
func (v *visits) clear(r mem.Ref, m visit.Month) {
	e := v.At(r)
	delete(v.retracted, r)
	e.facts.Resize(0)
	e.flags, e.at = 0, notQueued
	e.setMonth(m)
}

// of is a visit as the domain knows it. It shares the memory of v, until the next put.
func (v *visits) of(r mem.Ref) visit.Visit {
	e := v.At(r)
	var retracted []uint64
	if e.flags&hasRetracted != 0 {
		retracted = v.retracted[r]
	}
	return visit.Of(v.keyOf(r).BCP, v.facts.Items(e.facts), retracted)
}

// withRoom is a visit with room for one more fact.
func (v *visits) withRoom(r mem.Ref) visit.Visit {
	v.facts.Grow(&v.At(r).facts, 1)
	return v.of(r)
}

// put takes the visit that withRoom returned, with a fact more or less.
func (v *visits) put(r mem.Ref, known *visit.Visit) {
	v.At(r).facts.Resize(len(known.Facts()))
	v.spans.widen(r, known.Facts())
	v.putRetracted(r, known)
}

func (v *visits) putRetracted(r mem.Ref, known *visit.Visit) {
	if retracted := known.Retracted(); len(retracted) > 0 {
		if v.retracted == nil {
			v.retracted = map[mem.Ref][]uint64{}
		}
		v.retracted[r] = retracted
		v.At(r).flags |= hasRetracted
	}
}

// restore gives a visit without facts those of another one, which it copies.
func (v *visits) restore(r mem.Ref, known *visit.Visit) {
	v.facts.Set(&v.At(r).facts, known.Facts())
	v.spans.widen(r, known.Facts())
	v.putRetracted(r, known)
}

// last is the time of the last fact, None without one.
func (v *visits) last(e *entry) visit.Time {
	facts := v.facts.Items(e.facts)
	if len(facts) == 0 {
		return visit.None
	}
	return facts[len(facts)-1].Time
}

// DeleteFunc deletes the visits of which gone returns true. Their contents stay as they are until the next Add.
func (v *visits) DeleteFunc(gone func(mem.Ref, *entry) bool) {
	v.Index.DeleteFunc(func(r mem.Ref, e *entry) bool {
		if !gone(r, e) {
			return false
		}
		v.facts.Free(e.facts)
		return true
	})
}
