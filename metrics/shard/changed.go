package shard

import (
	"iter"

	"dwell/metrics/window"
)

// changed has windows that the last flush changed, those of an hour or of a day.
type changed struct {
	at    window.Key
	table *table
}

// Windows are the windows that have changed, as of one offset. They are read where they are kept: there are so many of
// them that a copy would cost more than all that has changed them.
type Windows struct {
	kept *windows
	asOf int64
}

// Len is how many there are.
func (w Windows) Len() int { return w.kept.changes }

// All yields them. A row is valid until the next one.
func (w Windows) All() iter.Seq[*window.Row] {
	return func(yield func(*window.Row) bool) {
		row, one := window.Row{AsOf: w.asOf}, [1]window.Bin{}
		for _, c := range w.kept.changed {
			for i := range c.table.cells {
				cell := &c.table.cells[i]
				if cell.flushed != w.kept.flushes || cell.spot == 0 {
					continue
				}
				row.Key, row.Aggregate = cell.spot.of(c.at), w.kept.several.aggregate(cell, &one)
				if !yield(&row) {
					return
				}
			}
		}
	}
}
