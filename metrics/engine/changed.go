package engine

import (
	"iter"

	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// changed has windows that the last flush changed, those of an hour or of a day.
type changed struct {
	at    window.Key
	table *mem.Table
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
			cells := w.kept.cells.Cells(c.table)
			for i := range cells {
				cell := &cells[i]
				if cell.Mark != w.kept.flushes || cell.Key == 0 {
					continue
				}
				row.Key, row.Aggregate = cell.Key.of(c.at), w.kept.several.aggregate(cell, &one)
				if !yield(&row) {
					return
				}
			}
		}
	}
}

// Hour is what is in memory of an hour at one BCP and direction.
type Hour struct {
	at    window.Key
	table *mem.Table
	kept  *windows
}

// Key is that of the hour's windows, without measure, channel and regime.
func (h Hour) Key() window.Key { return h.at }

// All yields the windows of the whole hour, of all channels and regimes, in no order. An aggregate is valid until the next
// one.
func (h Hour) All() iter.Seq2[window.Measure, *window.Aggregate] {
	return func(yield func(window.Measure, *window.Aggregate) bool) {
		one := [1]window.Bin{}
		cells := h.kept.cells.Cells(h.table)
		for i := range cells {
			cell := &cells[i]
			if cell.Key == 0 || cell.Key.minute() != noMinute {
				continue
			}
			a := h.kept.several.aggregate(cell, &one)
			if !yield(cell.Key.measure(), &a) {
				return
			}
		}
	}
}

// Hours are those with windows that have changed. They are whole where they end after the flush's Horizon.
func (w Windows) Hours() iter.Seq[Hour] {
	return func(yield func(Hour) bool) {
		for _, c := range w.kept.changed {
			if c.at.Grain == window.Hour && !yield(Hour{c.at, c.table, w.kept}) {
				return
			}
		}
	}
}

// Hours are those in memory. They are whole where they end after the Horizon.
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
