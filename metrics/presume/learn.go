package presume

import (
	"dwell/ingest/event"
	"dwell/metrics/visit"
)

// Learner makes a Table of visits, in any order. It is not for concurrent use.
type Learner struct {
	table  *Table
	visits int // that were added
}

// NewLearner has learned nothing. Rules are those by which the visits are charged.
func NewLearner(rules visit.Rules) *Learner {
	return &Learner{table: &Table{rules: rules, cells: map[cellKey]*cell{}}}
}

// Add learns from all stretches of a visit.
func (l *Learner) Add(visit []Stretch) {
	l.visits++
	for i := range visit {
		s := &visit[i]
		again := i > 0 && s.Since == visit[i-1].Since && s.Age == visit[i-1].Age && s.Key == visit[i-1].Key // a fact between them changed nothing
		for _, of := range cellsOf(s.BCP, s.Direction, s.Key, s.Age) {
			l.add(of, s.Holder, s.Ms, !again)
		}
	}
}

// Table is what was learned, without the cells of too few waits, which nothing is presumed of, and without the largest holders of fewer than Several
// visits: of many trucks that waited shortly and one that waited long, that one does not say who has all of them. The learner is not used any more.
func (l *Learner) Table() *Table {
	for k, c := range l.table.cells {
		c.sort()
		for len(c.shares) > 0 && c.shares[0].visits < Several {
			c.shares = c.shares[1:]
		}
		if c.waits < Least || len(c.shares) == 0 {
			delete(l.table.cells, k)
		}
	}
	return l.table
}

func (l *Learner) add(k cellKey, holder event.Agency, ms int64, wait bool) {
	c := l.table.cells[k]
	if c == nil {
		c = &cell{}
		l.table.cells[k] = c
	}
	if wait {
		c.waits++
	}
	for i := range c.shares {
		if s := &c.shares[i]; s.holder == holder {
			s.ms += ms
			if s.last != l.visits {
				s.visits, s.last = s.visits+1, l.visits
			}
			return
		}
	}
	c.shares = append(c.shares, charged{holder, ms, 1, l.visits})
}
