package mem

// Tables is the memory of many small maps from a 32-bit key to a value. V has no pointers.
type Tables[K ~uint32, V any] struct{ cells Slab[Cell[K, V]] }

// Table is one of these maps. The zero Table is empty and takes no memory in Tables.
type Table struct {
	cells List
	n     uint32
}

// Cell is a key with its value, or free where the key is 0. Mark is the caller's: it takes the space that a value of eight
// bytes leaves free.
type Cell[K ~uint32, V any] struct {
	Key   K
	Mark  uint32
	Value V
}

// Len is the number of keys.
func (t *Table) Len() int { return int(t.n) }

// Cells are those of a table, free ones included. They are valid until the next Put into it.
func (m *Tables[K, V]) Cells(t *Table) []Cell[K, V] { return m.cells.Items(t.cells) }

// Get is the cell of a key, nil if the table has none.
func (m *Tables[K, V]) Get(t *Table, k K) *Cell[K, V] {
	if c := seek(m.Cells(t), k); c != nil && c.Key == k {
		return c
	}
	return nil
}

// Put is the cell of a key, which is not 0. If the table had none it has been added, and is zero but for the key. It is
// valid until the next Put into the table.
func (m *Tables[K, V]) Put(t *Table, k K) (c *Cell[K, V], added bool) {
	c = seek(m.Cells(t), k)
	if c != nil && c.Key == k {
		return c, false
	}
	return m.add(t, c, k), true
}

// add adds a key in the free cell that seek returned.
func (m *Tables[K, V]) add(t *Table, c *Cell[K, V], k K) *Cell[K, V] {
	if t.n++; 4*int(t.n) > 3*t.cells.Len() {
		before := t.cells
		t.cells = m.cells.Make(max(4, before.Len()+1, (4*int(t.n)+2)/3))
		t.cells.Resize(int(t.cells.capacity()))
		cells := m.Cells(t)
		clear(cells)
		for _, old := range m.cells.Items(before) {
			if old.Key != 0 {
				*seek(cells, old.Key) = old
			}
		}
		m.cells.Free(before)
		c = seek(cells, k)
	}
	*c = Cell[K, V]{Key: k}
	return c
}

// Free gives the memory of a table back. The table must not be used after the next Put into any.
func (m *Tables[K, V]) Free(t *Table) { m.cells.Free(t.cells) }

// seek returns the cell of a key, or the free one that it would have; nil where there is no memory. A key lies at its hash
// (multiplicative hashing) or, where that cell is taken, after it (Knuth, The Art of Computer Programming 6.4, algorithm
// L). At most three quarters of the cells are taken.
func seek[K ~uint32, V any](cells []Cell[K, V], k K) *Cell[K, V] {
	if len(cells) == 0 {
		return nil
	}
	for i := int(uint64(uint32(k)*0x9e3779b1) * uint64(len(cells)) >> 32); ; {
		if c := &cells[i]; c.Key == k || c.Key == 0 {
			return c
		}
		if i++; i == len(cells) {
			i = 0
		}
	}
}
