package mem

import "github.com/bits-and-blooms/bloom/v3"

// Filter is a growing Bloom filter: it contains every key that was added, and at most about one in ten thousand other keys as
// false positives. It takes 20 to 32 bits for a key.
type Filter struct {
	parts []*bloom.BloomFilter
	left  uint // keys that the last part still takes
}

const firstPart, falsePositives = 1 << 14, 0.0001

// Add adds a key.
func (f *Filter) Add(key string) {
	if f.left == 0 {
		f.left = firstPart << len(f.parts)
		f.parts = append(f.parts, bloom.NewWithEstimates(f.left, falsePositives/float64(uint(2)<<min(len(f.parts), 8))))
	}
	f.left--
	f.parts[len(f.parts)-1].AddString(key)
}

// Has reports whether a key was added, or may have been.
func (f *Filter) Has(key []byte) bool {
	for _, p := range f.parts {
		if p.Test(key) {
			return true
		}
	}
	return false
}
