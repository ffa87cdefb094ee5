package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

func TestRoomsAreTheLeastThatFit(t *testing.T) {
	var sizes []uint32
	for r := range room(9) {
		sizes = append(sizes, r.size())
	}
	if want := []uint32{1, 2, 3, 4, 6, 8, 12, 16, 24}; !slices.Equal(sizes, want) {
		t.Fatalf("rooms of %d, want %d", sizes, want)
	}
	for n := 1; n < 10_000; n++ {
		if r := roomFor(n); int(r.size()) < n || r > 0 && int((r-1).size()) >= n {
			t.Fatalf("%d items have room %d, of %d", n, r, r.size())
		}
	}
}

// Trucks come, are told of, and go, in any order, some with more facts than a page holds: what is known of each is what a
// map would say.
func TestVisitsAreWhatAMapWouldHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept visits
		want := map[string]*visit.Visit{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := fmt.Sprintf("T%0*d", rapid.SampledFrom([]int{1, 9, 300}).Draw(t, "length"), rapid.IntRange(0, 40).Draw(t, "truck"))
			if rapid.IntRange(0, 9).Draw(t, "goes") == 0 {
				kept.drop(func(e *entry) bool { return len(kept.id(e))%2 == len(id)%2 })
				for other := range want {
					if len(other)%2 == len(id)%2 {
						delete(want, other)
					}
				}
				continue
			}
			r := kept.find([]byte(id))
			if (r != 0) != (want[id] != nil) {
				t.Fatalf("%q is in memory: %v", id, r != 0)
			}
			if r == 0 {
				r = kept.add([]byte(id))
				restored := visit.Of(facts(rapid.SampledFrom([]int{0, 1, 7, slabPage, slabPage + 1}).Draw(t, "facts")), nil)
				kept.restore(r, &restored)
				want[id] = &restored
			}
			f := visit.Fact{Key: rapid.Uint64Range(1<<20, 1<<20+3).Draw(t, "key"), Time: 1 << 20, Type: event.TruckArrived}
			known := kept.roomy(r)
			known.Apply(f)
			kept.put(r, &known)
			want[id].Apply(f)
		}
		if kept.n != len(want) {
			t.Fatalf("%d visits, want %d", kept.n, len(want))
		}
		for id, w := range want {
			got := kept.of(kept.find([]byte(id)))
			if !slices.Equal(got.Facts(), w.Facts()) {
				t.Fatalf("%q: %d facts, want %d", id, len(got.Facts()), len(w.Facts()))
			}
		}
	})
}

func facts(n int) []visit.Fact {
	all := make([]visit.Fact, n)
	for i := range all {
		all[i] = visit.Fact{Key: uint64(i), Time: int64(i), Type: event.TruckArrived}
	}
	return all
}
