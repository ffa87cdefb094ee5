package mem

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func checkSorted(t *rapid.T) {
	var got Sorted[int32, int]
	want := map[int32]int{} // the reference
	for step := range rapid.IntRange(1, 100).Draw(t, "steps") {
		k := rapid.Int32Range(-5, 20).Draw(t, "key")
		switch rapid.IntRange(0, 9).Draw(t, "deletes") {
		case 0:
			gone := func(other int32, _ int) bool { return other < k }
			got.DeleteFunc(gone)
			maps.DeleteFunc(want, gone)
		default:
			got.Put(k, step)
			want[k] = step
		}
		k = rapid.Int32Range(-5, 20).Draw(t, "key to read")
		g, known := got.Get(k)
		if w, ok := want[k]; g != w || known != ok {
			t.Fatalf("key %d is %d (%v), want %d (%v)", k, g, known, w, ok)
		}
	}
	var keys []int32
	for k, v := range got.All() {
		if keys = append(keys, k); v != want[k] {
			t.Fatalf("key %d is %d, want %d", k, v, want[k])
		}
	}
	if sorted := slices.Sorted(maps.Keys(want)); !slices.Equal(keys, sorted) {
		t.Fatalf("keys %v, want %v", keys, sorted)
	}
}

func TestSortedHoldsWhatAMapHoldsInOrder(t *testing.T) { rapid.Check(t, checkSorted) }
