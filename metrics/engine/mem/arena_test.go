package mem

import (
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// items is what an Arena does.
type items interface {
	Make() Ref
	At(r Ref) *int64
	Free(r Ref)
	Has(r Ref) bool
	Len() int
}

type arenaItems struct{ Arena[int64] }

func (a *arenaItems) refs() (all []Ref) {
	for r := range a.All() {
		all = append(all, r)
	}
	return all
}

// mapItems is the reference: a map of pointers.
type mapItems struct {
	all  map[Ref]*int64
	made Ref
}

func (m *mapItems) Make() Ref {
	m.made++
	m.all[m.made] = new(int64)
	return m.made
}
func (m *mapItems) At(r Ref) *int64 { return m.all[r] }
func (m *mapItems) Free(r Ref)      { delete(m.all, r) }
func (m *mapItems) Has(r Ref) bool  { return m.all[r] != nil }
func (m *mapItems) Len() int        { return len(m.all) }

func newMapItems() *mapItems { return &mapItems{all: map[Ref]*int64{}} }

func eachItems(t *testing.T, test func(t *testing.T, a items)) {
	t.Run("arena", func(t *testing.T) { test(t, &arenaItems{}) })
	t.Run("reference", func(t *testing.T) { test(t, newMapItems()) })
}

func TestMadeItemIsZeroAndItsRefIsNot(t *testing.T) {
	eachItems(t, func(t *testing.T, a items) {
		for range 3 * arenaPage {
			r := a.Make()
			if r == 0 || *a.At(r) != 0 {
				t.Fatalf("item %d is %d", r, *a.At(r))
			}
			if *a.At(r) = 1; r%3 == 0 {
				a.Free(r)
			}
		}
	})
}

func TestItemsDoNotMove(t *testing.T) {
	eachItems(t, func(t *testing.T, a items) {
		first := a.Make()
		at := a.At(first)
		for range 3 * arenaPage {
			a.Make()
		}
		if a.At(first) != at {
			t.Error("the first item has moved")
		}
	})
}

func TestCurrentItemMayBeFreedWhileAllAreRead(t *testing.T) {
	var a Arena[int64]
	for i := range int64(10) {
		*a.At(a.Make()) = i
	}
	var seen []int64
	for r, v := range a.All() {
		seen = append(seen, *v)
		a.Free(r)
	}
	if want := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}; !slices.Equal(seen, want) || a.Len() != 0 {
		t.Errorf("read %v, %d left, want %v and none", seen, a.Len(), want)
	}
}

func checkArena(t *rapid.T) {
	got, want := &arenaItems{}, newMapItems()
	refs := map[Ref]Ref{} // of the arena, by those of the reference
	for step := range rapid.IntRange(1, 200).Draw(t, "steps") {
		if rapid.IntRange(0, 2).Draw(t, "frees") > 0 || len(refs) == 0 {
			for range rapid.SampledFrom([]int{1, 1, 1, arenaPage}).Draw(t, "made") {
				w, g := want.Make(), got.Make()
				if *got.At(g) != 0 {
					t.Fatalf("a new item is %d", *got.At(g))
				}
				*want.At(w), *got.At(g) = int64(step), int64(step)
				refs[w] = g
			}
		} else {
			w := rapid.SampledFrom(slices.Sorted(maps.Keys(refs))).Draw(t, "item")
			want.Free(w)
			got.Free(refs[w])
			if got.Has(refs[w]) {
				t.Fatalf("freed item %d is in use", refs[w])
			}
			delete(refs, w)
		}
	}
	if got.Len() != want.Len() {
		t.Fatalf("%d items, want %d", got.Len(), want.Len())
	}
	if all, want := got.refs(), slices.Sorted(maps.Values(refs)); !slices.Equal(all, want) {
		t.Fatalf("items %v are in use, want %v", all, want)
	}
	for w, g := range refs {
		if !got.Has(g) || *got.At(g) != *want.At(w) {
			t.Fatalf("item %d is %d, want %d", g, *got.At(g), *want.At(w))
		}
	}
}

func TestArenaHoldsWhatAMapHolds(t *testing.T) { rapid.Check(t, checkArena) }

func TestArenaReusesFreedItems(t *testing.T) {
	if poison {
		t.Skip("with the tag poison, freed items are not used again")
	}
	var a Arena[int64]
	for range 10 * arenaPage {
		a.Free(a.Make())
	}
	if n := len(a.pages); n > 1 {
		t.Errorf("%d pages for one item at a time", n)
	}
}
