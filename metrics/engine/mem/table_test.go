package mem

import (
	"maps"
	"testing"

	"pgregory.net/rapid"
)

// cellsOf are the keys of a table with their values.
func cellsOf(m *Tables[uint32, int64], t *Table) map[uint32]int64 {
	all := map[uint32]int64{}
	for _, c := range m.Cells(t) {
		if c.Key != 0 {
			all[c.Key] = c.Value
		}
	}
	return all
}

// maps32 is what Tables do: maps by number.
type maps32 interface {
	get(i int, k uint32) (int64, bool)
	add(i int, k uint32, by int64) (added bool)
	all(i int) map[uint32]int64
	free(i int)
}

type tableMaps struct {
	memory Tables[uint32, int64]
	tables map[int]*Table
}

func newTableMaps() maps32 { return &tableMaps{tables: map[int]*Table{}} }

func (m *tableMaps) table(i int) *Table {
	if m.tables[i] == nil {
		m.tables[i] = &Table{}
	}
	return m.tables[i]
}

func (m *tableMaps) get(i int, k uint32) (int64, bool) {
	if c := m.memory.Get(m.table(i), k); c != nil {
		return c.Value, true
	}
	return 0, false
}

func (m *tableMaps) add(i int, k uint32, by int64) bool {
	c, added := m.memory.Put(m.table(i), k)
	c.Value += by
	return added
}

func (m *tableMaps) all(i int) map[uint32]int64 { return cellsOf(&m.memory, m.table(i)) }

func (m *tableMaps) free(i int) {
	m.memory.Free(m.table(i))
	delete(m.tables, i)
}

// goMaps is the reference.
type goMaps map[int]map[uint32]int64

func newGoMaps() maps32 { return goMaps{} }

func (m goMaps) get(i int, k uint32) (int64, bool) {
	v, ok := m[i][k]
	return v, ok
}

func (m goMaps) add(i int, k uint32, by int64) bool {
	if m[i] == nil {
		m[i] = map[uint32]int64{}
	}
	_, known := m[i][k]
	m[i][k] += by
	return !known
}

func (m goMaps) all(i int) map[uint32]int64 { return m[i] }
func (m goMaps) free(i int)                 { delete(m, i) }

func eachMaps(t *testing.T, test func(t *testing.T, m maps32)) {
	t.Run("tables", func(t *testing.T) { test(t, newTableMaps()) })
	t.Run("reference", func(t *testing.T) { test(t, newGoMaps()) })
}

func TestPutAddsAKeyOnce(t *testing.T) {
	eachMaps(t, func(t *testing.T, m maps32) {
		if _, ok := m.get(0, 7); ok {
			t.Error("an empty table has a key")
		}
		if !m.add(0, 7, 1) || m.add(0, 7, 1) {
			t.Error("the first Put must add the key, and the second must not")
		}
		if v, ok := m.get(0, 7); v != 2 || !ok {
			t.Errorf("value %d (%v), want 2", v, ok)
		}
	})
}

func TestTablesShareNothing(t *testing.T) {
	eachMaps(t, func(t *testing.T, m maps32) {
		for k := range uint32(1000) {
			m.add(int(k%10), k+1, int64(k))
		}
		for i := range 9 {
			m.free(i)
		}
		m.add(0, 10, 1)
		if n := len(m.all(9)); n != 100 {
			t.Errorf("%d keys, want 100", n)
		}
		if v, _ := m.get(0, 10); v != 1 {
			t.Errorf("a new table has %d from the one before it", v-1)
		}
	})
}

func checkTables(t *rapid.T) {
	got, want := newTableMaps(), newGoMaps()
	key := rapid.OneOf(rapid.Uint32Range(1, 30), rapid.Uint32Range(1, 1<<32-1))
	for range rapid.IntRange(1, 300).Draw(t, "steps") {
		i := rapid.IntRange(0, 3).Draw(t, "table")
		if rapid.IntRange(0, 40).Draw(t, "frees") == 0 {
			got.free(i)
			want.free(i)
			continue
		}
		k, by := key.Draw(t, "key"), rapid.Int64Range(-3, 3).Draw(t, "by")
		if g, w := got.add(i, k, by), want.add(i, k, by); g != w {
			t.Fatalf("table %d: key %d was added: %v, want %v", i, k, g, w)
		}
		k = key.Draw(t, "key to read")
		g, known := got.get(i, k)
		if w, ok := want.get(i, k); g != w || known != ok {
			t.Fatalf("table %d: key %d is %d (%v), want %d (%v)", i, k, g, known, w, ok)
		}
	}
	for i := range 4 {
		if got, want := got.all(i), want.all(i); !maps.Equal(got, want) {
			t.Fatalf("table %d has %v, want %v", i, got, want)
		}
	}
}

func TestTablesHoldWhatMapsHold(t *testing.T) { rapid.Check(t, checkTables) }

func FuzzTables(f *testing.F) { f.Fuzz(rapid.MakeFuzz(checkTables)) }

func TestTablesReuseFreedMemory(t *testing.T) {
	if poison {
		t.Skip("with the tag poison, freed memory is not used again")
	}
	var m Tables[uint32, int64]
	for range 100 {
		var table Table
		for k := range uint32(1000) {
			m.Put(&table, k+1)
		}
		m.Free(&table)
	}
	if n := len(m.cells.pages); n > 3 {
		t.Errorf("%d pages for one table of 1,000 keys at a time", n)
	}
}
