package engine

import (
	"iter"

	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// spans are the times between which the facts of the visits of each page of memory lie. Visits take their places in the order in
// which their trucks come, so those of a page are of nearly one time, and an opening or closing of an hour looks at the
// visits of few pages (BenchmarkLateClosing).
type spans []span

// span is [from, to] or wider. It is empty where from is after to.
type span struct{ from, to visit.Time }

var noSpan = span{from: 1<<63 - 1, to: -1 << 63}

func (s *span) widen(facts []visit.Fact) {
	if n := len(facts); n > 0 {
		s.from, s.to = min(s.from, facts[0].Time), max(s.to, facts[n-1].Time)
	}
}

// widen takes in the facts of a visit, which are in order of time.
func (s *spans) widen(r mem.Ref, facts []visit.Fact) {
	for len(*s) <= r.Page() {
		*s = append(*s, noSpan)
	}
	(*s)[r.Page()].widen(facts)
}

// during yields the visits with a fact before to and one after from, in the order of their Refs. No visit may be put meanwhile.
func (v *visits) during(from, to visit.Time) iter.Seq2[mem.Ref, *entry] {
	return func(yield func(mem.Ref, *entry) bool) {
		for page := range v.spans {
			known := &v.spans[page]
			if known.from >= to || known.to <= from {
				continue
			}
			now := noSpan // without those that have gone since
			for r, e := range v.OnPage(page) {
				facts := v.facts.Items(e.facts)
				now.widen(facts)
				if n := len(facts); n > 0 && facts[0].Time < to && facts[n-1].Time > from && !yield(r, e) {
					return
				}
			}
			*known = now
		}
	}
}
