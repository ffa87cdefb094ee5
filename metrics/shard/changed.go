package shard

import (
	"iter"

	"dwell/metrics/window"
)

// changed are the rows of an hour, or of a day, that the last flush changed.
type changed struct {
	at   window.Key
	rows []int32
}

// Windows are the windows that have changed, as of one offset. They are read where they are kept: there are so many of
// them that a copy would cost more than all that has changed them.
type Windows struct {
	kept *windows
	asOf int64
}

// Len is how many there are.
func (w Windows) Len() int {
	n := 0
	for _, c := range w.kept.changed {
		n += len(c.rows)
	}
	return n
}

// All yields them. A row is valid until the next one.
func (w Windows) All() iter.Seq[*window.Row] {
	return func(yield func(*window.Row) bool) {
		row := window.Row{AsOf: w.asOf}
		for _, c := range w.kept.changed {
			for _, i := range c.rows {
				kept := w.kept.rows.at(i)
				row.Key, row.Aggregate = kept.spot.of(c.at), w.kept.aggregate(kept)
				if !yield(&row) {
					return
				}
			}
		}
	}
}
