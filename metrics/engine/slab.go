package engine

// slab is memory in pieces, from which many lists of very different lengths are made. It grows by pages, so that nothing
// is ever copied but the list that outgrows its piece; a piece that is given back is used again; and T must have no
// pointers, so that the garbage collector need not look at what is in the pages.
type slab[T any] struct {
	pages [][]T
	free  [rooms][]uint32
	// page is the one that pieces are cut from, from used on.
	page, used uint32
}

// list is one in a piece of a slab. One of nothing has no piece.
type list struct {
	piece uint32
	n     uint32
	room  room
}

// room is the size of a piece: 1, 2, 3, 4, 6, 8, 12, 16, 24... items.
type room uint8

const (
	rooms    = 48
	slabBits = 12
	slabPage = 1 << slabBits
)

func (r room) size() uint32 {
	if r == 0 {
		return 1
	}
	half := (r + 1) / 2
	if r%2 == 1 {
		return 1 << half
	}
	return 3 << (half - 1)
}

// roomFor is the least with room for n items.
func roomFor(n int) (r room) {
	for int(r.size()) < n {
		r++
	}
	return r
}

// take returns a piece. What is in it is left over from before.
func (s *slab[T]) take(r room) uint32 {
	if last := len(s.free[r]) - 1; last >= 0 {
		at := s.free[r][last]
		s.free[r] = s.free[r][:last]
		return at
	}
	n := r.size()
	if n > slabPage { // it has a page to itself
		s.pages = append(s.pages, make([]T, n))
		return uint32(len(s.pages)-1) << slabBits
	}
	if len(s.pages) == 0 || s.used+n > slabPage {
		s.page, s.used = uint32(len(s.pages)), 0
		s.pages = append(s.pages, make([]T, slabPage))
	}
	at := s.page<<slabBits | s.used
	s.used += n
	return at
}

// give gives a piece back. What is in it stays until it is taken again.
func (s *slab[T]) give(at uint32, r room) { s.free[r] = append(s.free[r], at) }

// of are the first n items of a piece.
func (s *slab[T]) of(at uint32, r room, n uint32) []T {
	from := at % slabPage
	return s.pages[at>>slabBits][from : from+n : from+r.size()]
}

// grow makes a piece larger, for at least so many more than its n items.
func (s *slab[T]) grow(at uint32, r room, n, more uint32) (uint32, room) {
	larger := roomFor(int(n + more))
	to := s.take(larger)
	copy(s.of(to, larger, n), s.of(at, r, n))
	s.give(at, r)
	return to, larger
}

// items are those of a list.
func (s *slab[T]) items(l *list) []T {
	if l.n == 0 {
		return nil
	}
	return s.of(l.piece, l.room, l.n)
}

// set makes a list one of these items.
func (s *slab[T]) set(l *list, items []T) {
	s.clear(l)
	if len(items) == 0 {
		return
	}
	*l = list{n: uint32(len(items)), room: roomFor(len(items))}
	l.piece = s.take(l.room)
	copy(s.items(l), items)
}

// clear makes a list one of nothing.
func (s *slab[T]) clear(l *list) {
	if l.n > 0 {
		s.give(l.piece, l.room)
		*l = list{}
	}
}
