package mem

import "fmt"

// Slab is memory for many lists of very different lengths. It grows by pages, from which it cuts pieces in size classes, so
// that nothing is copied but the list that outgrows its piece. T has no pointers.
type Slab[T any] struct {
	quarantine quarantine
	pages      [][]T // page 0 is none, so that piece 0 is none
	free       [classes][]uint32
	// page is the one that pieces are cut from, from used on.
	page, used uint32
}

// List is a list in a slab. The zero List is empty and takes no memory there.
type List struct {
	piece uint32
	// lengthAndClass has the length in the lower bits and the class of the piece above them: at two lists to a visit, a field
	// for the class would take a twentieth of all that an open visit takes.
	lengthAndClass uint32
}

const (
	slabBits   = 12
	slabPage   = 1 << slabBits
	lengthBits = 26
)

// Len is the number of items.
func (l List) Len() int { return int(l.length()) }

func (l List) length() uint32 { return l.lengthAndClass % (1 << lengthBits) }

func (l List) class() class { return class(l.lengthAndClass >> lengthBits) }

func (l List) capacity() uint32 {
	if l.piece == 0 {
		return 0
	}
	return l.class().size()
}

// Items are the items of a list, in the slab itself: they are valid until the list grows or is freed. The capacity is that
// of the piece.
func (s *Slab[T]) Items(l List) []T {
	if l.piece == 0 {
		return nil
	}
	if poison {
		s.quarantine.check(l.piece)
	}
	from := l.piece % slabPage
	return s.pages[l.piece>>slabBits][from : from+l.length() : from+l.class().size()]
}

// Make allocates a list of n items. They are not zeroed.
func (s *Slab[T]) Make(n int) List {
	if n == 0 {
		return List{}
	}
	if n >= 1<<lengthBits {
		panic(fmt.Sprintf("mem: a list of %d items is too long; at most %d fit", n, 1<<lengthBits-1))
	}
	c := classOf(n)
	l := List{s.take(c), uint32(c)<<lengthBits | uint32(n)}
	if poison {
		overwrite(s.Items(l)[:c.size()])
	}
	return l
}

// take allocates a piece.
func (s *Slab[T]) take(c class) uint32 {
	if poison {
		requireNoPointers[T]()
		s.quarantine.overwriteFreed(func(l List) { items := s.Items(l); overwrite(items[:cap(items)]) })
	}
	if last := len(s.free[c]) - 1; last >= 0 {
		piece := s.free[c][last]
		s.free[c] = s.free[c][:last]
		return piece
	}
	if len(s.pages) == 0 {
		s.pages, s.used = append(s.pages, nil), slabPage
	}
	n := c.size()
	if n > slabPage { // it has a page to itself
		s.pages = append(s.pages, make([]T, n))
		return uint32(len(s.pages)-1) << slabBits
	}
	if s.used+n > slabPage {
		s.page, s.used = uint32(len(s.pages)), 0
		s.pages = append(s.pages, make([]T, slabPage))
	}
	piece := s.page<<slabBits | s.used
	s.used += n
	return piece
}

// Free gives the memory of a list back. The list must not be used after the next allocation.
func (s *Slab[T]) Free(l List) {
	switch {
	case l.piece == 0:
	case poison:
		s.quarantine.free(l)
	default:
		s.free[l.class()] = append(s.free[l.class()], l.piece)
	}
}

// Set replaces a list by one of these items.
func (s *Slab[T]) Set(l *List, items []T) {
	s.Free(*l)
	*l = s.Make(len(items))
	copy(s.Items(*l), items)
}

// Grow makes room for n more items.
func (s *Slab[T]) Grow(l *List, n int) {
	length := l.Len()
	if length+n <= int(l.capacity()) {
		return
	}
	larger := s.Make(length + n)
	larger.Resize(length)
	copy(s.Items(larger), s.Items(*l))
	s.Free(*l)
	*l = larger
}

// Resize gives a list another length, for which it must have room.
func (l *List) Resize(n int) {
	l.lengthAndClass = l.lengthAndClass&^(1<<lengthBits-1) | uint32(n)
}

// Append adds an item, in constant time on average.
func (s *Slab[T]) Append(l *List, item T) {
	n := l.length()
	if n == l.capacity() {
		s.Grow(l, int(max(4, n)))
	}
	l.lengthAndClass++
	s.Items(*l)[n] = item
}
