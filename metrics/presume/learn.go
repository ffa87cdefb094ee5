package presume

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Learner makes a Table of visits, in any order. It is not for concurrent use.
type Learner struct{ table *Table }

// NewLearner has learned nothing. Rules must be those by which the visits are charged; their hours those of the present.
func NewLearner(rules visit.Rules) *Learner {
	return &Learner{&Table{rules: rules, cells: map[cellKey]*cell{}}}
}

// Add learns from a visit. One that has not departed or is not sound teaches nothing.
func (l *Learner) Add(v *visit.Visit) {
	var key Key
	since, age := visit.None, -1 // of the stretch before: facts that change nothing do not begin another wait
	Stretches(v, l.table.rules, func(s *Stretch) {
		again := s.Since == since && s.Age == age && s.Key == key
		since, age, key = s.Since, s.Age, s.Key
		for _, b := range [...]event.BCP{s.BCP, event.NoBCP} {
			l.table.add(cellKey{b, s.Direction, s.Key, s.Age}, s.Holder, s.Ms, !again)
		}
	})
}

// Table is what was learned. The learner is not used any more.
func (l *Learner) Table() *Table {
	for _, c := range l.table.cells {
		c.sort()
	}
	return l.table
}

func (t *Table) add(k cellKey, holder event.Agency, ms int64, wait bool) {
	c := t.cells[k]
	if c == nil {
		c = &cell{}
		t.cells[k] = c
	}
	if wait {
		c.waits++
	}
	for i := range c.shares {
		if c.shares[i].holder == holder {
			c.shares[i].ms += ms
			return
		}
	}
	c.shares = append(c.shares, charged{holder, ms})
}
