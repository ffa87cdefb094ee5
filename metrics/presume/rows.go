package presume

import (
	"cmp"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Row is what a Table has of waits of one key and one class of age.
type Row struct {
	Basis     Basis
	BCP       event.BCP // NoBCP: all
	Direction event.Direction
	Key       Key
	Age       int
	Waits     int
	// Holders have the time in Ms, the largest first.
	Holders []event.Agency
	Ms      []int64
}

// Rows are all of a table, in order.
func (t *Table) Rows() []Row {
	all := make([]Row, 0, len(t.cells))
	for k, c := range t.cells {
		r := Row{Basis: k.basis, BCP: k.bcp, Direction: k.direction, Key: k.key, Age: k.age, Waits: c.waits}
		for _, s := range c.shares {
			r.Holders, r.Ms = append(r.Holders, s.holder), append(r.Ms, s.ms)
		}
		all = append(all, r)
	}
	slices.SortFunc(all, func(a, b Row) int {
		return cmp.Or(
			cmp.Compare(a.Basis, b.Basis), cmp.Compare(a.BCP, b.BCP), cmp.Compare(a.Direction, b.Direction), cmp.Compare(a.Key.Last, b.Key.Last), cmp.Compare(a.Key.Kind, b.Key.Kind),
			cmp.Compare(a.Key.Result, b.Key.Result), cmp.Compare(a.Key.Agency, b.Key.Agency), cmp.Compare(a.Key.Channel, b.Key.Channel),
			cmp.Compare(a.Key.Done, b.Key.Done), cmp.Compare(a.Age, b.Age),
		)
	})
	return all
}

// TableOf is the table with these rows, in any order.
func TableOf(rules visit.Rules, rows []Row) *Table {
	t := &Table{rules: rules, cells: make(map[cellKey]*cell, len(rows))}
	for i := range rows {
		r := &rows[i]
		c := &cell{waits: r.Waits}
		for n, holder := range r.Holders {
			c.shares = append(c.shares, charged{holder: holder, ms: r.Ms[n]})
		}
		c.sort()
		t.cells[cellKey{r.Basis, r.BCP, r.Direction, r.Key, r.Age}] = c
	}
	return t
}
