package visit

import (
	"slices"

	"dwell/ingest/event"
)

// begun is the set of inspections (by agency and kind) and holds (by agency and id) in progress.
type begun struct{ open []beginning }

type beginning struct {
	agency     event.Agency
	inspection bool
	which      uint32 // of the agency's inspections or holds, as in Fact
	since      Time
}

// first is the agency of the inspection, or of the hold, that began first; ties go by agency code.
func (b *begun) first(inspection bool) event.Agency {
	var earliest beginning
	for _, o := range b.open {
		if o.inspection != inspection {
			continue
		}
		if earliest.agency == event.NoAgency || o.since < earliest.since ||
			o.since == earliest.since && o.agency < earliest.agency {
			earliest = o
		}
	}
	return earliest.agency
}

// has reports whether the inspection or hold of f is in progress.
func (b *begun) has(f Fact) bool { return b.index(f) >= 0 }

func (b *begun) index(f Fact) int {
	for i, o := range b.open {
		if o.agency == f.Agency && o.inspection == f.Type.HasKind() && o.which == f.which() {
			return i
		}
	}
	return -1
}

// change applies simultaneous facts. An inspection or hold that both begins and ends in them restarts if it was in progress,
// and otherwise took no time.
func (b *begun) change(facts []Fact) {
	if len(facts) == 1 { // the usual case
		b.changeOne(facts[0])
		return
	}
	for i, f := range facts {
		if !f.spans() || slices.ContainsFunc(facts[:i], f.same) {
			continue
		}
		begins := beginsIn(facts, f)
		ends := slices.ContainsFunc(facts, func(o Fact) bool { return f.same(o) && !o.begins() })
		switch at := b.index(f); {
		case at < 0 && begins && !ends:
			b.open = append(b.open, beginning{f.Agency, f.Type.HasKind(), f.which(), f.Time})
		case at >= 0 && begins && ends:
			b.open[at].since = f.Time
		case at >= 0 && ends:
			b.open = slices.Delete(b.open, at, at+1)
		}
	}
}

func (b *begun) changeOne(f Fact) {
	if !f.spans() {
		return
	}
	switch at := b.index(f); {
	case at < 0 && f.begins():
		b.open = append(b.open, beginning{f.Agency, f.Type.HasKind(), f.which(), f.Time})
	case at >= 0 && !f.begins():
		b.open = slices.Delete(b.open, at, at+1)
	}
}

func beginsIn(facts []Fact, f Fact) bool {
	return slices.ContainsFunc(facts, func(o Fact) bool { return f.same(o) && o.begins() })
}

// spans reports whether f begins or ends an inspection or a hold.
func (f Fact) spans() bool { return f.Type.Begins() || f.Type.Ends() }

func (f Fact) begins() bool { return f.Type.Begins() }

// same reports whether both facts concern the same inspection (agency and kind) or the same hold (agency and id).
func (f Fact) same(o Fact) bool {
	return o.spans() && f.Agency == o.Agency && f.Type.HasKind() == o.Type.HasKind() && f.which() == o.which()
}
