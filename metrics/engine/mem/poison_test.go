//go:build poison

package mem

import (
	"slices"
	"strings"
	"testing"
)

// panics returns what do panics with.
func panics(t *testing.T, do func()) (message string) {
	t.Helper()
	defer func() { message, _ = recover().(string) }()
	do()
	return ""
}

func TestUseOfAFreedListPanics(t *testing.T) {
	var s Slab[int32]
	var l List
	s.Set(&l, []int32{1, 2, 3})
	old := s.Items(l)
	s.Free(l)
	if got := s.Items(l); !slices.Equal(got, []int32{1, 2, 3}) {
		t.Errorf("the contents are %v before the next allocation", got)
	}
	s.Make(3)
	if said := panics(t, func() { s.Items(l) }); !strings.Contains(said, "after it was freed") {
		t.Errorf("panics with %q", said)
	}
	if want := int32(-0x5a5a5a5b); old[0] != want || old[2] != want {
		t.Errorf("an old slice reads %#x", old)
	}
}

func TestUseOfAFreedItemPanics(t *testing.T) {
	var a Arena[uint16]
	r := a.Make()
	old := a.At(r)
	*old = 7
	a.Free(r)
	if *a.At(r) != 7 {
		t.Errorf("the item is %d before the next Make", *a.At(r))
	}
	a.Make()
	if said := panics(t, func() { a.At(r) }); !strings.Contains(said, "after it was freed") {
		t.Errorf("panics with %q", said)
	}
	if *old != 0xa5a5 {
		t.Errorf("an old pointer reads %#x", *old)
	}
}

func TestSecondFreePanics(t *testing.T) {
	var s Slab[int32]
	l := s.Make(3)
	s.Free(l)
	if said := panics(t, func() { s.Free(l) }); !strings.Contains(said, "freed twice") {
		t.Errorf("a list: panics with %q", said)
	}
	var a Arena[int32]
	r := a.Make()
	a.Free(r)
	if said := panics(t, func() { a.Free(r) }); !strings.Contains(said, "freed twice") {
		t.Errorf("an item: panics with %q", said)
	}
}

func TestMadeListIsPoisonedUntilItIsWritten(t *testing.T) {
	var s Slab[byte]
	if items := s.Items(s.Make(2)); items[0] != poisonByte || items[1] != poisonByte {
		t.Errorf("a new list reads %#x", items)
	}
}

func TestTypesWithPointersPanic(t *testing.T) {
	for name, do := range map[string]func(){
		"slice":   func() { new(Slab[[]int]).Make(1) },
		"string":  func() { new(Arena[string]).Make() },
		"struct":  func() { new(Arena[struct{ p *int }]).Make() },
		"array":   func() { new(Slab[[2]map[int]int]).Make(1) },
		"closure": func() { new(Slab[func()]).Make(1) },
	} {
		if said := panics(t, do); !strings.Contains(said, "has pointers") {
			t.Errorf("%s: panics with %q", name, said)
		}
	}
	new(Slab[struct{ a [3]float64 }]).Make(1)
}
