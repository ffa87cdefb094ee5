package mem

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSizeClassIsTheSmallestThatFits(t *testing.T) {
	var sizes []uint32
	for c := range class(9) {
		sizes = append(sizes, c.size())
	}
	if want := []uint32{1, 2, 3, 4, 6, 8, 12, 16, 24}; !slices.Equal(sizes, want) {
		t.Fatalf("size classes are %d, want %d", sizes, want)
	}
	for n := 1; n < 10_000; n++ {
		if c := classOf(n); int(c.size()) < n || c > 0 && int((c-1).size()) >= n {
			t.Fatalf("%d items have size class %d, of %d", n, c, c.size())
		}
	}
	if c := classOf(1<<lengthBits - 1); c >= classes {
		t.Fatalf("the longest list has size class %d of %d", c, classes)
	}
}

// lists is what a Slab does: lists by number, the first 0.
type lists interface {
	items(i int) []int32
	set(i int, items []int32)
	grow(i, n int)
	append(i int, item int32)
	truncate(i, n int)
	free(i int)
}

type slabLists struct {
	slab  Slab[int32]
	lists map[int]List
}

func newSlabLists() lists { return &slabLists{lists: map[int]List{}} }

func (s *slabLists) change(i int, do func(l *List)) {
	l := s.lists[i]
	do(&l)
	s.lists[i] = l
}
func (s *slabLists) items(i int) []int32 { return s.slab.Items(s.lists[i]) }
func (s *slabLists) set(i int, items []int32) {
	s.change(i, func(l *List) { s.slab.Set(l, items) })
}
func (s *slabLists) grow(i, n int) { s.change(i, func(l *List) { s.slab.Grow(l, n) }) }
func (s *slabLists) append(i int, item int32) {
	s.change(i, func(l *List) { s.slab.Append(l, item) })
}
func (s *slabLists) truncate(i, n int) { s.change(i, func(l *List) { l.Resize(n) }) }
func (s *slabLists) free(i int) {
	s.slab.Free(s.lists[i])
	delete(s.lists, i)
}

// sliceLists is the reference: Go's own slices.
type sliceLists map[int][]int32

func newSliceLists() lists { return sliceLists{} }

func (s sliceLists) items(i int) []int32      { return s[i] }
func (s sliceLists) set(i int, items []int32) { s[i] = slices.Clone(items) }
func (s sliceLists) grow(i, n int)            { s[i] = slices.Grow(s[i], n) }
func (s sliceLists) append(i int, item int32) { s[i] = append(s[i], item) }
func (s sliceLists) truncate(i, n int)        { s[i] = s[i][:n] }
func (s sliceLists) free(i int)               { delete(s, i) }

func eachLists(t *testing.T, test func(t *testing.T, l lists)) {
	t.Run("slab", func(t *testing.T) { test(t, newSlabLists()) })
	t.Run("reference", func(t *testing.T) { test(t, newSliceLists()) })
}

func TestListsKeepTheirItemsWhileOthersGrow(t *testing.T) {
	eachLists(t, func(t *testing.T, l lists) {
		const n = 100
		for round := range int32(200) {
			for i := range n {
				l.append(i, round*n+int32(i))
			}
		}
		for i := range n {
			for round, item := range l.items(i) {
				if want := int32(round*n + i); item != want {
					t.Fatalf("item %d of list %d is %d, want %d", round, i, item, want)
				}
			}
		}
	})
}

func TestGrowMakesRoomWithoutChangingTheItems(t *testing.T) {
	eachLists(t, func(t *testing.T, l lists) {
		l.set(1, []int32{1, 2, 3})
		l.grow(1, 5000)
		if items := l.items(1); !slices.Equal(items, []int32{1, 2, 3}) || cap(items) < 5003 {
			t.Fatalf("%v with room for %d", items, cap(items))
		}
	})
}

func TestFreedListIsEmptyAndOthersStay(t *testing.T) {
	eachLists(t, func(t *testing.T, l lists) {
		l.set(1, []int32{1, 2, 3})
		l.set(2, []int32{4, 5, 6})
		l.free(1)
		l.set(3, []int32{7, 8, 9})
		if items := l.items(1); len(items) != 0 {
			t.Errorf("the freed list has %v", items)
		}
		if items := l.items(2); !slices.Equal(items, []int32{4, 5, 6}) {
			t.Errorf("the other list has %v", items)
		}
	})
}

func checkSlab(t *rapid.T) {
	got, want := newSlabLists(), newSliceLists()
	both := []lists{got, want}
	next := int32(0)
	for range rapid.IntRange(1, 60).Draw(t, "steps") {
		i := rapid.IntRange(0, 7).Draw(t, "list")
		switch rapid.SampledFrom([]string{"append", "append", "set", "grow", "truncate", "free"}).Draw(t, "do") {
		case "append":
			for range rapid.SampledFrom([]int{1, 3, 30}).Draw(t, "items") {
				next++
				for _, l := range both {
					l.append(i, next)
				}
			}
		case "set":
			items := make([]int32, rapid.SampledFrom([]int{0, 1, 2, 7, slabPage - 1, slabPage, slabPage + 1}).Draw(t, "length"))
			for j := range items {
				next++
				items[j] = next
			}
			for _, l := range both {
				l.set(i, items)
			}
		case "grow":
			n := rapid.SampledFrom([]int{0, 1, 10, slabPage}).Draw(t, "room")
			for _, l := range both {
				l.grow(i, n)
			}
			if items := got.items(i); cap(items)-len(items) < n {
				t.Fatalf("list %d has room for %d more, want %d", i, cap(items)-len(items), n)
			}
		case "truncate":
			n := rapid.IntRange(0, len(want.items(i))).Draw(t, "length")
			for _, l := range both {
				l.truncate(i, n)
			}
		case "free":
			for _, l := range both {
				l.free(i)
			}
		}
		for i := range 8 {
			if got, want := got.items(i), want.items(i); !slices.Equal(got, want) {
				t.Fatalf("list %d has %v, want %v", i, got, want)
			}
		}
	}
}

func TestSlabHoldsWhatSlicesHold(t *testing.T) { rapid.Check(t, checkSlab) }

func FuzzSlab(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkSlab)) }

func TestSlabReusesFreedMemory(t *testing.T) {
	if poison {
		t.Skip("with the tag poison, freed memory is not used again")
	}
	var s Slab[int32]
	var l List
	for range 100 {
		s.Set(&l, make([]int32, slabPage))
	}
	s.Free(l)
	if n := len(s.pages); n > 2 {
		t.Errorf("%d pages for one list at a time", n)
	}
}

func TestListThatIsTooLongIsRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a list of 1<<26 items was made")
		}
	}()
	new(Slab[byte]).Make(1 << lengthBits)
}
