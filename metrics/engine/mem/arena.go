package mem

import "iter"

// Arena is memory for items that are allocated one by one, each identified by its Ref. It grows by pages, so that an item never
// moves. T must not contain pointers.
type Arena[T any] struct {
	quarantine quarantine
	pages      []*[arenaPage]T
	made       uint32
	free       []Ref
	used       []uint64 // one bit for each item: it is in use
	n          int
}

// Ref is the number of an item; 0 is none.
type Ref uint32

const arenaPage = 1024

// Page is the number of the page that an item is on, from 0.
func (r Ref) Page() int { return int((r - 1) / arenaPage) }

// At returns an item.
func (a *Arena[T]) At(r Ref) *T {
	if poison {
		a.quarantine.check(uint32(r))
	}
	return &a.pages[(r-1)/arenaPage][(r-1)%arenaPage]
}

// Make allocates an item; it is zero.
func (a *Arena[T]) Make() Ref {
	if poison {
		requireNoPointers[T]()
		a.quarantine.overwriteFreed(func(l List) { overwrite(a.alone(Ref(l.piece))) })
	}
	a.n++
	if last := len(a.free) - 1; last >= 0 {
		r := a.free[last]
		a.free = a.free[:last]
		*a.At(r) = *new(T)
		a.mark(r)
		return r
	}
	if int(a.made/arenaPage) == len(a.pages) {
		a.pages = append(a.pages, new([arenaPage]T))
		a.used = append(a.used, make([]uint64, arenaPage/64)...)
	}
	a.made++
	a.mark(Ref(a.made))
	return Ref(a.made)
}

func (a *Arena[T]) mark(r Ref) { a.used[(r-1)/64] |= 1 << ((r - 1) % 64) }

// alone is an item as a slice.
func (a *Arena[T]) alone(r Ref) []T {
	at := (r - 1) % arenaPage
	return a.pages[(r-1)/arenaPage][at : at+1]
}

// Free gives an item back. It must not be used after the next Make.
func (a *Arena[T]) Free(r Ref) {
	a.n--
	a.used[(r-1)/64] &^= 1 << ((r - 1) % 64)
	if poison {
		a.quarantine.free(List{piece: uint32(r)})
		return
	}
	a.free = append(a.free, r)
}

// Has reports whether an item is in use.
func (a *Arena[T]) Has(r Ref) bool { return a.used[(r-1)/64]>>((r-1)%64)&1 != 0 }

// Len is the number of items in use.
func (a *Arena[T]) Len() int { return a.n }

// All yields the items in use, in the order of their refs. The current one may be freed.
func (a *Arena[T]) All() iter.Seq2[Ref, *T] { return a.between(1, Ref(a.made)) }

// OnPage yields those of one page, as All does.
func (a *Arena[T]) OnPage(page int) iter.Seq2[Ref, *T] {
	first := Ref(page)*arenaPage + 1
	return a.between(first, min(first+arenaPage-1, Ref(a.made)))
}

func (a *Arena[T]) between(first, last Ref) iter.Seq2[Ref, *T] {
	return func(yield func(Ref, *T) bool) {
		for r := first; r <= last; r++ {
			if a.Has(r) && !yield(r, a.At(r)) {
				return
			}
		}
	}
}
