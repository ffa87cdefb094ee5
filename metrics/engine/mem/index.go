package mem

import (
	"iter"
	"unsafe"

	"github.com/cespare/xxhash/v2"
)

// Index is a map from strings to values, each of which has a Ref by which it is found at once. V has no pointers.
type Index[V any] struct {
	entries Arena[indexed[V]]
	keys    Slab[byte]
	// slots has the entry of a key at the key's hash or, where that slot is taken, after it (Knuth, The Art of Computer
	// Programming 6.4, algorithm L). At most three quarters of the slots are taken.
	slots []indexSlot
}

type indexed[V any] struct {
	key   List
	value V
}

// indexSlot is where a key may be found. The hash excludes nearly all other keys without a comparison of the keys.
type indexSlot struct {
	hash  uint32
	entry Ref // 0 where it is free
}

// Len is the number of keys.
func (x *Index[V]) Len() int { return x.entries.Len() }

// At is the value of a key. It stays where it is.
func (x *Index[V]) At(r Ref) *V { return &x.entries.At(r).value }

// Key is valid until the key is deleted and another one is added.
func (x *Index[V]) Key(r Ref) string {
	key := x.keys.Items(x.entries.At(r).key)
	return unsafe.String(unsafe.SliceData(key), len(key))
}

// Find is the Ref of a key, 0 if it is not there.
func (x *Index[V]) Find(key []byte) Ref {
	if x.Len() == 0 {
		return 0
	}
	hash := hashOf(key)
	for i := x.home(hash); ; i = x.next(i) {
		s := x.slots[i]
		if s.entry == 0 {
			return 0
		}
		if s.hash == hash && x.Key(s.entry) == string(key) {
			return s.entry
		}
	}
}

// Add adds a key that is not there. Its value is zero.
func (x *Index[V]) Add(key []byte) Ref {
	r := x.entries.Make()
	x.keys.Set(&x.entries.At(r).key, key)
	if 4*x.Len() > 3*len(x.slots) {
		before := x.slots
		x.slots = make([]indexSlot, max(64, 2*len(before)))
		for _, s := range before {
			if s.entry != 0 {
				x.enter(s)
			}
		}
	}
	x.enter(indexSlot{hashOf(key), r})
	return r
}

// All yields the values, in the order of their Refs.
func (x *Index[V]) All() iter.Seq2[Ref, *V] { return values(x.entries.All()) }

// OnPage yields those of one page, as All does.
func (x *Index[V]) OnPage(page int) iter.Seq2[Ref, *V] { return values(x.entries.OnPage(page)) }

func values[V any](entries iter.Seq2[Ref, *indexed[V]]) iter.Seq2[Ref, *V] {
	return func(yield func(Ref, *V) bool) {
		for r, e := range entries {
			if !yield(r, &e.value) {
				return
			}
		}
	}
}

// DeleteFunc deletes the keys of which gone returns true. Their values must not be used after the next Add.
func (x *Index[V]) DeleteFunc(gone func(Ref, *V) bool) {
	before := x.Len()
	for r, e := range x.entries.All() {
		if gone(r, &e.value) {
			x.keys.Free(e.key)
			x.entries.Free(r)
		}
	}
	if x.Len() == before {
		return
	}
	for i := uint32(0); int(i) < len(x.slots); {
		if r := x.slots[i].entry; r != 0 && !x.entries.Has(r) {
			x.vacate(i) // which may move another one here
		} else {
			i++
		}
	}
}

// vacate frees a slot, and moves those after it that are not found any more across a free one (Knuth 6.4, algorithm R).
func (x *Index[V]) vacate(free uint32) {
	for i := x.next(free); x.slots[i].entry != 0; i = x.next(i) {
		if x.distance(x.home(x.slots[i].hash), i) >= x.distance(free, i) {
			x.slots[free] = x.slots[i]
			free = i
		}
	}
	x.slots[free] = indexSlot{}
}

func hashOf(key []byte) uint32 { return uint32(xxhash.Sum64(key) >> 32) }

func (x *Index[V]) home(hash uint32) uint32 {
	return uint32(uint64(hash) * uint64(len(x.slots)) >> 32)
}

func (x *Index[V]) enter(s indexSlot) {
	i := x.home(s.hash)
	for x.slots[i].entry != 0 {
		i = x.next(i)
	}
	x.slots[i] = s
}

func (x *Index[V]) next(i uint32) uint32 {
	if i++; int(i) == len(x.slots) {
		return 0
	}
	return i
}

// distance is how many slots it is from one to another.
func (x *Index[V]) distance(from, to uint32) uint32 {
	if to < from {
		to += uint32(len(x.slots))
	}
	return to - from
}
