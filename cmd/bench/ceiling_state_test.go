package main

import (
	"math/rand/v2"
	"testing"
)

// What an event of the comparison costs on average, counted in a run over two million events.
const (
	factsPerVisit  = 5
	deltasPerEvent = 1.37 // applied to minutes; each is applied to its hour and day too
	deltasPerHour  = 7    // of an hour that changes, between two flushes
	rowsPerEvent   = 2.87 // in the table windows
	hoursInMemory  = 300_000
)

// benchmarkVisits looks up and changes two million visits in random order.
func benchmarkVisits(b *testing.B) {
	const visits = 2_000_000
	type visit [8]int64 // a cache line
	chance := rand.New(rand.NewPCG(1, 1))
	at, all := make(map[uint64]int32, visits), make([]visit, visits)
	keys := make([]uint64, visits)
	for i := range keys {
		keys[i] = chance.Uint64()
		at[keys[i]] = int32(i)
	}
	chance.Shuffle(visits, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	perEvent(b, visits, func() {
		for _, k := range keys {
			all[at[k]][0]++
		}
	})
}

// benchmarkFacts reads the facts of two million visits in random order, and adds one to each.
func benchmarkFacts(b *testing.B) {
	const visits = 2_000_000
	type fact struct {
		key, time int64
		_         [8]uint8 // codes
	}
	type visit struct {
		facts [factsPerVisit]fact
		n     int64
	}
	all, order := make([]visit, visits), rand.New(rand.NewPCG(1, 2)).Perm(visits)
	var found int64
	perEvent(b, visits, func() {
		for i, at := range order {
			v := &all[at]
			if v.n == factsPerVisit {
				v.n = 0
			}
			for j := range v.n {
				found += v.facts[j].time
			}
			v.facts[v.n] = fact{key: int64(i), time: int64(at)}
			v.n++
		}
	})
	if found == 0 {
		b.Error("no visit has a fact")
	}
}

// packedWindow is a window in memory, as small as dwell's. (In dwell, a window of several durations has more memory elsewhere.)
type packedWindow struct {
	slot, flushed uint32
	ms            int64
}

// benchmarkWindows applies the deltas of events to minutes, hours and days. The deltas of an hour are collected in one list. In
// memory, an hour is next to its minutes and far from the hour before; the hours of a day follow each other, so the day stays in
// the cache.
func benchmarkWindows(b *testing.B) {
	const perHour, perDay = 16, 64 // windows
	type delta struct {
		ms   int64
		_    [2]int64 // offset, closed
		slot uint32
		_    int32 // sign
	}
	type hour struct {
		windows [perHour]packedWindow
		deltas  [deltasPerHour]delta
	}
	hours, days := make([]hour, hoursInMemory), make([][perDay]packedWindow, hoursInMemory/24+1)
	order := rand.New(rand.NewPCG(1, 3)).Perm(hoursInMemory)
	for i := range hours {
		for j := range hours[i].deltas {
			hours[i].deltas[j] = delta{ms: int64(i), slot: uint32(i+j)*0x9e3779b1 + 1}
		}
	}
	perEvent(b, hoursInMemory*deltasPerHour/deltasPerEvent, func() {
		for i, at := range order {
			h, day := &hours[at], &days[i/24]
			for j := range h.deltas {
				d := &h.deltas[j]
				add := func(w *packedWindow) { w.slot, w.flushed, w.ms = d.slot, uint32(i), w.ms+d.ms }
				add(&h.windows[d.slot%(perHour-4)])
				add(&h.windows[perHour-4+d.slot>>8%4])
				add(&day[d.slot>>8%perDay])
			}
		}
	})
}
