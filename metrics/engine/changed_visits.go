package engine

import (
	"iter"
	"slices"

	"dwell/metrics/visit"
)

// Visits are the visits that have changed, as of one offset. As rows they are larger than what is kept of them, so they are
// made a few at a time.
type Visits struct {
	kept    *State
	changed []change
	asOf    int64
}

// Len is how many there are.
func (v Visits) Len() int { return len(v.changed) }

// Chunks yields them, at most so many at a time. Rows are valid until the next ones.
func (v Visits) Chunks(most int) iter.Seq[[]visit.Row] {
	return func(yield func([]visit.Row) bool) {
		var rows []visit.Row
		var facts []byte
		var segments []visit.Segment
		for some := range slices.Chunk(v.changed, most) {
			rows, facts, segments = slices.Grow(rows[:0], len(some)), facts[:0], segments[:0]
			for _, c := range some {
				e, known, state := v.kept.visits.At(c.visit), v.kept.visits.of(c.visit), v.kept.derive(c.visit).Told()
				row := visit.Row{ID: v.kept.visits.Key(c.visit), AsOf: v.asOf, Lapsed: e.lapsed() != visit.None, Over: e.over(), State: state}
				// Both are cut off so that they do not grow into those of the next one.
				from := len(facts)
				facts = known.AppendFacts(facts, v.kept.cfg.Vocabulary)
				row.Facts = facts[from:len(facts):len(facts)]
				first := len(segments)
				segments = append(segments, state.Segments...)
				row.State.Segments = segments[first:len(segments):len(segments)]
				rows = append(rows, row)
			}
			if !yield(rows) {
				return
			}
		}
	}
}
