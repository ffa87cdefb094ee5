package mem

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func checkQueue(t *rapid.T) {
	type value struct {
		at int64
		v  int
	}
	var got Queue[int]
	var want []value // the reference, in the order of adding
	for step := range rapid.IntRange(1, 100).Draw(t, "steps") {
		switch rapid.IntRange(0, 9).Draw(t, "do") {
		case 0:
			gone := func(at int64, v int) bool { return (at+int64(v))%2 == 0 }
			got.DeleteFunc(gone)
			want = slices.DeleteFunc(want, func(x value) bool { return gone(x.at, x.v) })
		case 1, 2, 3:
			if len(want) == 0 {
				continue
			}
			first, _ := got.First()
			at, v := got.Pop()
			earliest := slices.MinFunc(want, func(a, b value) int { return int(a.at - b.at) }).at
			i := slices.Index(want, value{at, v})
			if first != at || at != earliest || i < 0 {
				t.Fatalf("popped %d at %d (first said %d), want one of %v at %d", v, at, first, want, earliest)
			}
			want = slices.Delete(want, i, i+1)
		default:
			at := rapid.Int64Range(-5, 20).Draw(t, "at")
			got.Push(at, step)
			want = append(want, value{at, step})
		}
		if got.Len() != len(want) {
			t.Fatalf("%d values, want %d", got.Len(), len(want))
		}
	}
}

func TestQueuePopsTheEarliestOfASlice(t *testing.T) { rapid.Check(t, checkQueue) }

func TestQueueTakesNoMemoryForAValue(t *testing.T) {
	var q Queue[int]
	for i := range 100 {
		q.Push(int64(i%7), i)
	}
	if n := testing.AllocsPerRun(100, func() { q.Push(q.Pop()) }); n != 0 {
		t.Errorf("%v allocations for a Push and a Pop", n)
	}
}
