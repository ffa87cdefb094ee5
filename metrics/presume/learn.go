package presume

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Learner makes a Table of visits, in any order. It is not for concurrent use.
type Learner struct{ table *Table }

// NewLearner has learned nothing. Rules are those by which the visits are charged.
func NewLearner(rules visit.Rules) *Learner {
	return &Learner{&Table{rules: rules, cells: map[cellKey]*cell{}}}
}

// Add learns from the stretches of a visit.
func (l *Learner) Add(visit []Stretch) {
	for i := range visit {
		s := &visit[i]
		again := i > 0 && s.Since == visit[i-1].Since && s.Age == visit[i-1].Age && s.Key == visit[i-1].Key // a fact between them changed nothing
		for _, of := range cellsOf(s.BCP, s.Direction, s.Key, s.Age) {
			l.table.add(of, s.Holder, s.Ms, !again)
		}
	}
}

// Table is what was learned, without the cells of too few waits, which nothing is presumed of. The learner is not used any more.
func (l *Learner) Table() *Table {
	for k, c := range l.table.cells {
		if c.waits < Least {
			delete(l.table.cells, k)
			continue
		}
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
