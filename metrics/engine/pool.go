package engine

import "dwell/metrics/window"

// sketch is where the bins of a window are, of those that hold several durations.
type sketch struct {
	at   uint32
	n    uint16
	room room // of the piece, if there is one
	some bool
}

// pool is the memory of bins.
type pool struct{ slab[window.Bin] }

// binsOf are those of a sketch, with room for as many as reserve made.
func (p *pool) binsOf(s *sketch) window.Bins {
	if !s.some {
		return nil
	}
	return p.of(s.at, s.room, uint32(s.n))
}

// add counts n more durations in a bin.
func (p *pool) add(s *sketch, index int16, n int32) {
	p.reserve(s, 1)
	s.n = uint16(len(p.binsOf(s).Add(index, n)))
}

// set takes bins into a sketch that has none.
func (p *pool) set(s *sketch, bins window.Bins) {
	p.reserve(s, len(bins))
	s.n = uint16(len(bins))
	copy(p.binsOf(s), bins)
}

// reserve makes room for n more bins.
func (p *pool) reserve(s *sketch, n int) {
	want := int(s.n) + n
	if want == 0 || s.some && want <= int(s.room.size()) {
		return
	}
	to := sketch{room: roomFor(want), n: s.n, some: true}
	to.at = p.take(to.room)
	copy(p.binsOf(&to), p.binsOf(s))
	p.drop(s)
	*s = to
}

// drop gives back the piece of a sketch, whose bins stay as they are until the next one is made.
func (p *pool) drop(s *sketch) {
	if s.some {
		p.give(s.at, s.room)
	}
}
