package hours

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dwell/ingest/event"
)

// Thousands of openings and closings come in any order, some at the same instant, and some are taken back: what lies around an instant is
// what lies around it in a plain list.
func TestManyFactsAreInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const most = 3000
		var l timeline
		var plain []fact
		numbers := rapid.IntRange(1, most).Draw(t, "facts")
		step, begin := rapid.SampledFrom([]int{1, most - 1, 1237}).Draw(t, "step"), rapid.IntRange(0, most-1).Draw(t, "begin")
		atOnce := rapid.SampledFrom([]int64{1, 3, most}).Draw(t, "at the same instant")
		for i := range numbers {
			n := (begin + i*step) % most
			f := fact{key: uint64(n), time: int64(n) / atOnce * 10, opens: n%3 == 0}
			l.add(f)
			plain = append(plain, f)
		}
		slices.SortFunc(plain, compare)
		for range rapid.IntRange(0, len(plain)).Draw(t, "taken back") {
			at := int(uint(begin+step*len(plain)) % uint(len(plain)))
			l.remove(plain[at])
			plain = slices.Delete(plain, at, at+1)
		}
		if got := slices.Concat(l.blocks...); !slices.Equal(got, plain) {
			t.Fatalf("%d facts, want %d, in order", len(got), len(plain))
		}
		for _, b := range l.blocks {
			if len(b) == 0 || len(b) > mostInBlock {
				t.Fatalf("a block has %d facts", len(b))
			}
		}
		ms := rapid.Int64Range(-5, most*10+5).Draw(t, "instant")
		is := func(what string, f *fact, want int) {
			t.Helper()
			known := want >= 0 && want < len(plain)
			if known != (f != nil) || known && *f != plain[want] {
				t.Fatalf("%s %d is %v, want number %d", what, ms, f, want)
			}
		}
		next := 0
		for next < len(plain) && plain[next].time <= ms {
			next++
		}
		last, following := l.aroundTime(ms)
		is("the last until", last, next-1)
		is("the first after", following, next)
		before := 0
		for before < len(plain) && plain[before].time < ms {
			before++
		}
		is("the last before", l.beforeTime(ms), before-1)
		is("the closing at", l.closing(ms), closingIn(plain, ms))
	})
}

func closingIn(all []fact, ms int64) int {
	return slices.IndexFunc(all, func(f fact) bool { return f.time == ms && !f.opens })
}

// A source floods the way out with openings and closings: looking one up takes as few steps as in a dictionary, and the way in, which has one,
// does not feel them.
func TestLookingUpAmongManyFactsTakesFewSteps(t *testing.T) {
	h := New(nil, kabul)
	const flood = 100_000
	h.Apply(&event.Event{Type: event.BCPClosed, ID: []byte("inbound"), Source: []byte("/post"), Direction: event.Inbound})
	for i := range flood {
		e := event.Event{Type: event.BCPOpened, ID: []byte{byte(i), byte(i >> 8), byte(i >> 16)}, Source: []byte("/flood"), Direction: event.Outbound, Time: int64(flood-i) * 1000}
		if i%2 == 0 {
			e.Type = event.BCPClosed
		}
		h.Apply(&e)
	}
	for d, most := range map[event.Direction]int{event.Inbound: 2, event.Outbound: 20} {
		for _, ms := range []int64{-1, 0, 1000, flood * 500, flood * 1000, flood * 1001} {
			steps := 0
			h.facts[d].around(func(f *fact) bool { steps++; return f.time <= ms })
			if steps > most {
				t.Errorf("%s: %d steps to what is around %d, want %d at most", d, steps, ms, most)
			}
		}
	}
	if got := h.Closed(event.Outbound, 0, (flood+1)*1000); got != flood/2*1000 {
		t.Errorf("closed for %d ms on the way out, want %d", got, flood/2*1000)
	}
	if got := h.Closed(event.Inbound, 0, flood*1000); got != flood*1000 {
		t.Errorf("closed for %d ms on the way in, want all %d", got, flood*1000)
	}
}

// Of a truck whose direction is not known, what is reported for both directions holds, and for one of them does not.
func TestHoursWithoutADirectionAreThoseOfBoth(t *testing.T) {
	h := New(nil, kabul)
	h.Apply(&event.Event{Type: event.BCPClosed, ID: []byte("1"), Source: []byte("/post"), Time: 1000})
	h.Apply(&event.Event{Type: event.BCPOpened, ID: []byte("2"), Source: []byte("/post"), Time: 2000, Direction: event.Outbound})
	if got := h.Closed(event.NoDirection, 0, 5000); got != 4000 {
		t.Errorf("closed for %d ms of five seconds, want 4000", got)
	}
	h.Apply(&event.Event{Type: event.EventRetracted, AboutPlace: true, ID: []byte("3"), RetractedID: []byte("1"), RetractedSource: []byte("/post")})
	if got := h.Closed(event.NoDirection, 0, 5000); got != 0 {
		t.Errorf("closed for %d ms of five seconds once the closing is retracted, want 0", got)
	}
}
