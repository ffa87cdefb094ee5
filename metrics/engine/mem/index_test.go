package mem

import (
	"fmt"
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// index is what an Index does.
type index interface {
	get(key string) (int64, bool)
	add(key string, v int64)
	deleteFunc(gone func(key string, v int64) bool)
}

type realIndex struct{ Index[int64] }

func (x *realIndex) get(key string) (int64, bool) {
	if r := x.Find([]byte(key)); r != 0 {
		return *x.At(r), true
	}
	return 0, false
}

func (x *realIndex) add(key string, v int64) { *x.At(x.Add([]byte(key))) = v }

func (x *realIndex) deleteFunc(gone func(string, int64) bool) {
	x.DeleteFunc(func(r Ref, v *int64) bool { return gone(x.Key(r), *v) })
}

func (x *realIndex) all() map[string]int64 {
	all := map[string]int64{}
	for r, v := range x.All() {
		all[string([]byte(x.Key(r)))] = *v
	}
	return all
}

// mapIndex is the reference.
type mapIndex map[string]int64

func (m mapIndex) get(key string) (int64, bool) {
	v, ok := m[key]
	return v, ok
}
func (m mapIndex) add(key string, v int64)                  { m[key] = v }
func (m mapIndex) deleteFunc(gone func(string, int64) bool) { maps.DeleteFunc(m, gone) }

func eachIndex(t *testing.T, test func(t *testing.T, x index)) {
	t.Run("index", func(t *testing.T) { test(t, &realIndex{}) })
	t.Run("reference", func(t *testing.T) { test(t, mapIndex{}) })
}

func TestIndexFindsWhatItHasAfterOthersAreDeleted(t *testing.T) {
	eachIndex(t, func(t *testing.T, x index) {
		const n = 5000
		for i := range int64(n) {
			x.add(fmt.Sprint("T", i), i)
		}
		x.deleteFunc(func(_ string, v int64) bool { return v%3 != 0 })
		for i := range int64(n) {
			v, ok := x.get(fmt.Sprint("T", i))
			if want := i%3 == 0; ok != want || ok && v != i {
				t.Fatalf("T%d is found: %v, as %d", i, ok, v)
			}
		}
	})
}

func TestIndexTakesTheEmptyKey(t *testing.T) {
	eachIndex(t, func(t *testing.T, x index) {
		x.add("", 1)
		x.add("a", 2)
		if v, ok := x.get(""); v != 1 || !ok {
			t.Errorf("the empty key is %d (%v), want 1", v, ok)
		}
		x.deleteFunc(func(key string, _ int64) bool { return key == "" })
		if _, ok := x.get(""); ok {
			t.Error("the empty key is found after it was deleted")
		}
	})
}

func checkIndex(t *rapid.T) {
	got, want := &realIndex{}, mapIndex{}
	for step := range rapid.IntRange(1, 300).Draw(t, "steps") {
		if rapid.IntRange(0, 20).Draw(t, "deletes") == 0 {
			of, rest := rapid.Int64Range(1, 4).Draw(t, "one of"), rapid.Int64Range(0, 3).Draw(t, "which")
			gone := func(_ string, v int64) bool { return v%of == rest }
			got.deleteFunc(gone)
			want.deleteFunc(gone)
		}
		key := fmt.Sprintf("T%0*d", rapid.SampledFrom([]int{1, 9, 300, 2 * slabPage}).Draw(t, "length"), rapid.IntRange(0, 99).Draw(t, "truck"))
		g, known := got.get(key)
		w, ok := want.get(key)
		if g != w || known != ok {
			t.Fatalf("%q is %d (%v), want %d (%v)", key, g, known, w, ok)
		}
		if !ok {
			got.add(key, int64(step))
			want.add(key, int64(step))
		}
	}
	if all := got.all(); !maps.Equal(all, want) || got.Len() != len(want) {
		t.Fatalf("the index has %v, want %v", all, want)
	}
}

func TestIndexHoldsWhatAMapHolds(t *testing.T) { rapid.Check(t, checkIndex) }

func FuzzIndex(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkIndex)) }

func TestIndexReusesTheMemoryOfDeletedKeys(t *testing.T) {
	if poison {
		t.Skip("with the tag poison, freed memory is not used again")
	}
	var x Index[int64]
	key := make([]byte, slabPage)
	for range 100 {
		x.Add(key)
		x.DeleteFunc(func(Ref, *int64) bool { return true })
	}
	if n := len(x.keys.pages); n > 2 || x.entries.made > 1 {
		t.Errorf("%d pages and %d entries for one key at a time", n, x.entries.made)
	}
}
