package visit

import (
	"cmp"
	"slices"

	"dwell/ingest/event"
)

// span names an inspection (by agency and kind) or a hold (by agency and id): the agency, whether it is an inspection, and in the lower
// 32 bits which of the agency's it is, as in Fact.
type span uint64

const isInspection span = 1 << 32

func (f Fact) span() span {
	s := span(f.Agency)<<33 | span(f.which())
	if f.Type.HasKind() {
		s |= isInspection
	}
	return s
}

func (s span) agency() event.Agency { return event.Agency(s >> 33) }

func (s span) inspection() bool { return s&isInspection != 0 }

// begun is the set of inspections and holds in progress. A truck has a few, and those are looked through. Of many there is an index:
// a subject with thousands of holds would take the square of their number for each fact.
type begun struct {
	// open is in the order of their beginnings, those of one instant in the order of agencies. One that has ended stays.
	open []beginning
	// from is where to begin to look for the first hold, and for the first inspection: those before have ended.
	from [2]int
	at   map[span]int32 // of those in progress, empty while few are open
	many bool
}

type beginning struct {
	span
	ended bool
}

// few is how many are looked through.
const few = 16

// reset empties the set, whose memory it keeps.
func (b *begun) reset() {
	clear(b.at)
	*b = begun{open: b.open[:0], at: b.at}
}

// first is the agency of the inspection, or of the hold, that began first; ties go by agency code.
func (b *begun) first(inspection bool) event.Agency {
	from := &b.from[0]
	if inspection {
		from = &b.from[1]
	}
	for ; *from < len(b.open); *from++ {
		if o := &b.open[*from]; !o.ended && o.inspection() == inspection && o.agency() != event.NoAgency {
			return o.agency()
		}
	}
	return event.NoAgency
}

// has reports whether the inspection or hold of f is in progress.
func (b *begun) has(f Fact) bool { return b.index(f.span()) >= 0 }

func (b *begun) index(of span) int {
	if b.many {
		if i, known := b.at[of]; known {
			return int(i)
		}
		return -1
	}
	for i := range b.open {
		if o := &b.open[i]; !o.ended && o.span == of {
			return i
		}
	}
	return -1
}

func (b *begun) end(at int) {
	b.open[at].ended = true
	if b.many {
		delete(b.at, b.open[at].span)
	}
}

// change applies simultaneous facts. An inspection or hold that both begins and ends in them restarts if it was in progress,
// and otherwise took no time.
func (b *begun) change(t *together) {
	before := len(b.open)
	if len(t.facts) == 1 { // the usual case
		b.changeOne(t.facts[0])
	} else {
		for n, f := range t.facts {
			if !f.spans() {
				continue
			}
			a := t.about(n)
			if a.first != n {
				continue
			}
			switch at := b.index(f.span()); {
			case at < 0 && a.begins && !a.ends:
				b.open = append(b.open, beginning{f.span(), false})
			case at >= 0 && a.begins && a.ends:
				b.end(at)
				b.open = append(b.open, beginning{f.span(), false})
			case at >= 0 && a.ends:
				b.end(at)
			}
		}
		slices.SortFunc(b.open[before:], func(x, y beginning) int { return cmp.Compare(x.agency(), y.agency()) })
	}
	if !b.many && len(b.open) > few {
		b.many, before = true, 0
		if b.at == nil {
			b.at = map[span]int32{}
		}
	}
	if b.many {
		for n := before; n < len(b.open); n++ {
			if o := &b.open[n]; !o.ended {
				b.at[o.span] = int32(n)
			}
		}
	}
}

func (b *begun) changeOne(f Fact) {
	if !f.spans() {
		return
	}
	switch at := b.index(f.span()); {
	case at < 0 && f.begins():
		b.open = append(b.open, beginning{f.span(), false})
	case at >= 0 && !f.begins():
		b.end(at)
	}
}

// together is simultaneous facts.
type together struct {
	facts []Fact
	// at is where in of the facts of each inspection and hold are, nil where they are few.
	at map[span]int32
	of []atOnce
}

// atOnce is what simultaneous facts say of an inspection or a hold, with the index of the first that does.
type atOnce struct {
	first        int
	begins, ends bool
}

func gather(facts []Fact) together {
	t := together{facts: facts}
	if len(facts) <= few {
		return t
	}
	t.at, t.of = make(map[span]int32, len(facts)), make([]atOnce, 0, len(facts))
	for n, f := range facts {
		if !f.spans() {
			continue
		}
		i, known := t.at[f.span()]
		if !known {
			i = int32(len(t.of))
			t.at[f.span()] = i
			t.of = append(t.of, atOnce{first: n})
		}
		if a := &t.of[i]; f.begins() {
			a.begins = true
		} else {
			a.ends = true
		}
	}
	return t
}

// about is what the facts say of the inspection or hold of the nth.
func (t *together) about(n int) atOnce {
	f := t.facts[n]
	if t.at != nil {
		return t.of[t.at[f.span()]]
	}
	a := atOnce{first: -1}
	for i, o := range t.facts {
		if !f.same(o) {
			continue
		}
		if a.first < 0 {
			a.first = i
		}
		a.begins, a.ends = a.begins || o.begins(), a.ends || !o.begins()
	}
	return a
}

// spans reports whether f begins or ends an inspection or a hold.
func (f Fact) spans() bool { return f.Type.Begins() || f.Type.Ends() }

func (f Fact) begins() bool { return f.Type.Begins() }

// same reports whether both facts concern the same inspection (agency and kind) or the same hold (agency and id).
func (f Fact) same(o Fact) bool { return o.spans() && f.span() == o.span() }
