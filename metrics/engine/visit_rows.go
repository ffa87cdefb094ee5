package engine

import (
	"iter"
	"slices"

	"dwell/metrics/visit"
)

// Visits are the visits that have changed, as of one offset. Rows are larger than visits in memory, so they are made a few
// at a time.
type Visits struct {
	state *State
	dirty []dirtyVisit
	asOf  int64
}

// Len is how many there are.
func (v Visits) Len() int { return len(v.dirty) }

// Chunks yields them, at most so many at a time. Rows are valid until the next ones are yielded.
func (v Visits) Chunks(most int) iter.Seq[[]visit.Row] {
	return func(yield func([]visit.Row) bool) {
		var rows []visit.Row
		var facts []byte
		var segments []visit.Segment
		for chunk := range slices.Chunk(v.dirty, most) {
			rows, facts, segments = slices.Grow(rows[:0], len(chunk)), facts[:0], segments[:0]
			for _, c := range chunk {
				e, known, state := v.state.visits.At(c.visit), v.state.visits.of(c.visit), v.state.derive(c.visit).Summary()
				row := visit.Row{Key: v.state.visits.keyOf(c.visit), Month: e.monthOf(), AsOf: v.asOf, Lapsed: e.lapsed(), Over: e.over(), State: state}
				// The capacity of both is cut off, so that an append does not write into the next row's.
				from := len(facts)
				facts = known.AppendFacts(facts, v.state.cfg.Vocabulary)
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
