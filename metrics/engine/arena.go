package engine

// arena is memory of things that are made one by one, each known by its number. It grows by pages, so that none is ever
// copied; and T must have no pointers, so that the garbage collector need not look at what is in the pages.
type arena[T any] struct {
	pages []*[page]T
	made  uint32
	free  []uint32 // not in use
}

const page = 1024

// at is the thing of a number.
func (a *arena[T]) at(i uint32) *T { return &a.pages[(i-1)/page][(i-1)%page] }

// make makes one. Its number is not 0.
func (a *arena[T]) make() uint32 {
	if last := len(a.free) - 1; last >= 0 {
		i := a.free[last]
		a.free = a.free[:last]
		*a.at(i) = *new(T)
		return i
	}
	if int(a.made/page) == len(a.pages) {
		a.pages = append(a.pages, new([page]T))
	}
	a.made++
	return a.made
}

// drop lets go of one. What it is stays as it is until another one is made.
func (a *arena[T]) drop(i uint32) { a.free = append(a.free, i) }
