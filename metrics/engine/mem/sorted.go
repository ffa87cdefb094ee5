package mem

import (
	"cmp"
	"iter"
	"slices"
)

// Sorted is a map that is small, or grows mostly at its end, in the order of its keys.
type Sorted[K cmp.Ordered, V any] struct{ entries []sortedEntry[K, V] }

type sortedEntry[K cmp.Ordered, V any] struct {
	key   K
	value V
}

func (m *Sorted[K, V]) find(k K) (i int, known bool) {
	return slices.BinarySearchFunc(m.entries, k, func(e sortedEntry[K, V], k K) int { return cmp.Compare(e.key, k) })
}

// Get is the value of a key.
func (m *Sorted[K, V]) Get(k K) (v V, ok bool) {
	i, ok := m.find(k)
	if ok {
		v = m.entries[i].value
	}
	return v, ok
}

// Put sets the value of a key.
func (m *Sorted[K, V]) Put(k K, v V) {
	i, ok := m.find(k)
	if !ok {
		m.entries = slices.Insert(m.entries, i, sortedEntry[K, V]{key: k})
	}
	m.entries[i].value = v
}

// All yields the entries in the order of their keys.
func (m *Sorted[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, e := range m.entries {
			if !yield(e.key, e.value) {
				return
			}
		}
	}
}

// DeleteFunc deletes the entries of which gone returns true.
func (m *Sorted[K, V]) DeleteFunc(gone func(K, V) bool) {
	m.entries = slices.DeleteFunc(m.entries, func(e sortedEntry[K, V]) bool { return gone(e.key, e.value) })
}
