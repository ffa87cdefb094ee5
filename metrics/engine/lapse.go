package engine

import (
	"container/heap"

	"dwell/metrics/visit"
)

// A visit lapses when the watermark is its BCP's LapseAfter past its last fact. Whether it has is a function of its
// facts and the watermark alone, and it is noticed at the very event that moves the watermark, so that a replay
// notices it at the same offset.

// lapsedAt is the instant at which a visit in this state has lapsed, None if it has not.
func (s *State) lapsedAt(st *visit.State) visit.Time {
	if st.Empty || st.Departed != visit.None {
		return visit.None
	}
	if at := s.deadline(st); at <= s.watermark() {
		return at
	}
	return visit.None
}

func (s *State) deadline(st *visit.State) int64 {
	return st.Last + s.place(st.BCP).LapseAfter.Milliseconds()
}

// over says whether nothing more is expected of a visit.
func over(st *visit.State, lapsed visit.Time) bool {
	return st.Empty || st.Departed != visit.None || lapsed != visit.None
}

// await queues a visit until it lapses. A visit that waits for a later deadline, because its last fact was retracted,
// is queued again, and its later place in the queue is void.
func (s *State) await(v ref, st *visit.State) {
	at, entry := s.deadline(st), s.visits.at(v)
	if over(st, entry.lapsed()) || entry.at <= at {
		return
	}
	entry.at = at
	s.lapses = append(s.lapses, deadline{at, v})
	heap.Fix(&s.lapses, len(s.lapses)-1)
}

// lapse notices the visits that the watermark has left behind. A deadline in the queue may be older than the visit's
// last fact; the visit then waits again.
func (s *State) lapse() {
	for len(s.lapses) > 0 && s.lapses[0].at <= s.watermark() {
		d := s.lapses.first()
		v := s.visits.at(d.visit)
		if d.at != v.queued() {
			continue
		}
		v.at = notQueued
		if v.over() {
			continue
		}
		st := s.derive(d.visit)
		at := s.lapsedAt(st)
		if at == visit.None {
			s.await(d.visit, st)
			continue
		}
		s.changing(d.visit, st)
		s.moving(d.visit, st)
		v.setLapsed(at)
		v.setOver(true)
		s.move(d.visit, st)
	}
}

type deadline struct {
	at    int64
	visit ref
}

// lapses is a heap, earliest deadline first.
type lapses []deadline

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (l lapses) Len() int           { return len(l) }
func (l lapses) Less(i, j int) bool { return l[i].at < l[j].at }
func (l lapses) Swap(i, j int)      { l[i], l[j] = l[j], l[i] }
func (l *lapses) Push(x any)        { *l = append(*l, x.(deadline)) }
func (l *lapses) Pop() any {
	last := len(*l) - 1
	d := (*l)[last]
	*l = (*l)[:last]
	return d
}

// first takes the earliest deadline, as heap.Pop does, which would take memory for it.
func (l *lapses) first() deadline {
	last := len(*l) - 1
	l.Swap(0, last)
	d := (*l)[last]
	if *l = (*l)[:last]; last > 0 {
		heap.Fix(l, 0)
	}
	return d
}
