package engine

import (
	"iter"

	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// flushedTable has windows that the last flush changed, those of an hour or of a day.
type flushedTable struct {
	at    window.Key
	table *mem.Table
}

// Windows are the windows that a flush changed, as of one offset. They are read where they lie in memory: there are so many
// of them that a copy would cost more than the changes themselves.
type Windows struct {
	windows *windows
	asOf    int64
}

// Len is how many there are.
func (w Windows) Len() int { return w.windows.flushedWindows }

// All yields them in no particular order. A row is valid until the next one is yielded.
func (w Windows) All() iter.Seq[*window.Row] {
	return func(yield func(*window.Row) bool) {
		row, one := window.Row{AsOf: w.asOf}, [1]window.Bin{}
		for _, c := range w.windows.flushed {
			cells := w.windows.cells.Cells(c.table)
			for i := range cells {
				cell := &cells[i]
				if cell.Mark != w.windows.flushes || cell.Key == 0 {
					continue
				}
				row.Key, row.Aggregate = cell.Key.of(c.at), w.windows.multi.aggregate(cell, &one)
				if !yield(&row) {
					return
				}
			}
		}
	}
}

// all yields the windows of an hour or a day, of all channels and regimes, in no particular order. An aggregate is valid until
// the next one is yielded.
func (w *windows) all(t *mem.Table) iter.Seq2[window.Measure, *window.Aggregate] {
	return func(yield func(window.Measure, *window.Aggregate) bool) {
		one := [1]window.Bin{}
		cells := w.cells.Cells(t)
		for i := range cells {
			cell := &cells[i]
			if cell.Key == 0 {
				continue
			}
			a := w.multi.aggregate(cell, &one)
			if !yield(cell.Key.measure(), &a) {
				return
			}
		}
	}
}
