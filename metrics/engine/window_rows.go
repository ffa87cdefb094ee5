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

// Hour is the windows in memory of an hour at one BCP and direction.
type Hour struct {
	at      window.Key
	table   *mem.Table
	windows *windows
}

// Key is that of the hour's windows, without measure, channel and regime.
func (h Hour) Key() window.Key { return h.at }

// All yields the windows of the hour, of all channels and regimes, in no particular order. An aggregate is valid until the
// next one is yielded.
func (h Hour) All() iter.Seq2[window.Measure, *window.Aggregate] {
	return func(yield func(window.Measure, *window.Aggregate) bool) {
		one := [1]window.Bin{}
		cells := h.windows.cells.Cells(h.table)
		for i := range cells {
			cell := &cells[i]
			if cell.Key == 0 {
				continue
			}
			a := h.windows.multi.aggregate(cell, &one)
			if !yield(cell.Key.measure(), &a) {
				return
			}
		}
	}
}

// Hours yields the hours with windows that the flush changed. An hour that ends after the flush's Horizon is complete.
func (w Windows) Hours() iter.Seq[Hour] {
	return func(yield func(Hour) bool) {
		for _, c := range w.windows.flushed {
			if c.at.Grain == window.Hour && !yield(Hour{c.at, c.table, w.windows}) {
				return
			}
		}
	}
}

// Hours yields the hours in memory. An hour that ends after the Horizon is complete.
func (s *State) Hours() iter.Seq[Hour] {
	return func(yield func(Hour) bool) {
		for i := range s.windows.series {
			for _, r := range s.windows.series[i].hours.All() {
				if h := s.windows.hourly.At(r); !yield(Hour{h.at, &h.table, &s.windows}) {
					return
				}
			}
		}
	}
}
