package simulator

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestAgendaOrdersByTimeThenInsertion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type entry struct {
			at int64
			n  int
		}
		var a agenda[int]
		var want, got []entry
		for n, at := range rapid.SliceOf(rapid.Int64Range(0, 20)).Draw(t, "times") {
			a.add(at, n)
			want = append(want, entry{at, n})
			if rapid.Bool().Draw(t, "take") { // what is taken and added again must not disturb the rest
				at, n := a.take()
				a.add(at, n)
				want = slices.DeleteFunc(want, func(e entry) bool { return e.n == n })
				want = append(want, entry{at, n})
			}
		}
		slices.SortStableFunc(want, func(x, y entry) int { return cmp.Compare(x.at, y.at) })
		for !a.empty() {
			at, n := a.take()
			got = append(got, entry{at, n})
		}
		if !slices.Equal(got, want) {
			t.Fatalf("got %v, want %v", got, want)
		}
	})
}
