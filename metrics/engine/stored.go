package engine

import "github.com/bits-and-blooms/bloom/v3"

// idSet has every id that was added, and by chance about one in a hundred of the others. It grows with its ids: ten
// bits each.
type idSet struct {
	parts []*bloom.BloomFilter
	room  uint
}

const firstPart = 1 << 14

func (s *idSet) add(id string) {
	if s.room == 0 {
		s.room = firstPart << len(s.parts)
		s.parts = append(s.parts, bloom.NewWithEstimates(s.room, 0.01/float64(uint(2)<<min(len(s.parts), 8))))
	}
	s.room--
	s.parts[len(s.parts)-1].AddString(id)
}

func (s *idSet) has(id []byte) bool {
	for _, p := range s.parts {
		if p.Test(id) {
			return true
		}
	}
	return false
}
