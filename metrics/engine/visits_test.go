package engine

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// Trucks come, get facts, and go, in any order, some with more facts than a page holds: the facts of each are those that a
// map would have.
func TestVisitsHoldWhatAMapHolds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var kept visits
		want := map[string]*visit.Visit{}
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			id := fmt.Sprintf("T%0*d", rapid.SampledFrom([]int{1, 9, 300}).Draw(t, "length"), rapid.IntRange(0, 40).Draw(t, "truck"))
			if rapid.IntRange(0, 9).Draw(t, "goes") == 0 {
				kept.DeleteFunc(func(r mem.Ref, _ *entry) bool { return len(kept.Key(r))%2 == len(id)%2 })
				for other := range want {
					if len(other)%2 == len(id)%2 {
						delete(want, other)
					}
				}
				continue
			}
			r := kept.Find([]byte(id))
			if (r != 0) != (want[id] != nil) {
				t.Fatalf("%q is in memory: %v", id, r != 0)
			}
			if r == 0 {
				r = kept.Add([]byte(id), 202601)
				restored := visit.Of(1, facts(rapid.SampledFrom([]int{0, 1, 7, many, many + 1}).Draw(t, "facts")), nil)
				kept.restore(r, &restored)
				want[id] = &restored
			}
			f := visit.Fact{Key: rapid.Uint64Range(1<<20, 1<<20+3).Draw(t, "key"), Time: 1 << 20, Type: event.TruckArrived}
			known := kept.withRoom(r)
			known.Apply(f)
			kept.put(r, &known)
			want[id].Apply(f)
		}
		if kept.Len() != len(want) {
			t.Fatalf("%d visits, want %d", kept.Len(), len(want))
		}
		for id, w := range want {
			got := kept.of(kept.Find([]byte(id)))
			if !slices.Equal(got.Facts(), w.Facts()) {
				t.Fatalf("%q: %d facts, want %d", id, len(got.Facts()), len(w.Facts()))
			}
		}
	})
}

// many is as many as a page of a slab holds.
const many = 4096

func facts(n int) []visit.Fact {
	all := make([]visit.Fact, n)
	for i := range all {
		all[i] = visit.Fact{Key: uint64(i), Time: int64(i), Type: event.TruckArrived}
	}
	return all
}
