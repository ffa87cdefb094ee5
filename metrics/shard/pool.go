package shard

import "dwell/metrics/window"

// sketch is where the bins of a window are. Most windows hold one duration, whose bin is here; more are in the pool.
type sketch struct {
	one  [1]window.Bin
	at   int32
	n    uint16
	room uint8 // for 2^room bins, in the pool if there is more than one
}

// pool is the memory of bins, in pieces of 2, 4, 8... of them.
type pool struct {
	bins []window.Bin
	free [17][]int32 // pieces that are not in use, by room
}

// of are the bins of a sketch, with room for as many as reserve made.
func (p *pool) of(s *sketch) window.Bins {
	if s.room == 0 {
		return s.one[:s.n]
	}
	return p.bins[s.at : s.at+int32(s.n) : s.at+1<<s.room]
}

// add counts n more durations in a bin.
func (p *pool) add(s *sketch, index int16, n int32) {
	p.reserve(s, 1)
	s.n = uint16(len(p.of(s).Add(index, n)))
}

// set takes bins into a sketch that has none.
func (p *pool) set(s *sketch, bins window.Bins) {
	p.reserve(s, len(bins))
	s.n = uint16(len(bins))
	copy(p.of(s), bins)
}

// reserve makes room for n more bins.
func (p *pool) reserve(s *sketch, n int) {
	room := s.room
	for int(s.n)+n > 1<<room {
		room++
	}
	if room > s.room {
		p.move(s, room)
	}
}

// move moves the bins of a sketch to a piece with more room.
func (p *pool) move(s *sketch, room uint8) {
	var at int32
	if n := len(p.free[room]); n > 0 {
		at, p.free[room] = p.free[room][n-1], p.free[room][:n-1]
	} else {
		at = int32(len(p.bins))
		p.bins = append(p.bins, make([]window.Bin, 1<<room)...)
	}
	copy(p.bins[at:], p.of(s))
	p.drop(s)
	s.at, s.room = at, room
}

// drop gives back the piece of a sketch, whose bins stay as they are until the next move.
func (p *pool) drop(s *sketch) {
	if s.room > 0 {
		p.free[s.room] = append(p.free[s.room], s.at)
	}
}
