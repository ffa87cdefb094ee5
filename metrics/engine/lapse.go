package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/visit"
)

// A visit lapses when the watermark is its BCP's LapseAfter past its last fact. Whether it has is a function of its
// facts and the watermark alone, and it lapses at the event that moves the watermark, so that it lapses at the same offset in
// a replay.

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

// over reports whether no more facts of a visit are expected.
func over(st *visit.State, lapsed visit.Time) bool {
	return st.Empty || st.Departed != visit.None || lapsed != visit.None
}

// await queues a visit until it lapses. A visit that waits for a later deadline, because its last fact was retracted,
// is queued again, and its later entry in the queue is ignored.
func (s *State) await(v mem.Ref, st *visit.State) {
	at, entry := s.deadline(st), s.visits.At(v)
	if over(st, entry.lapsed()) || entry.at <= at {
		return
	}
	entry.at = at
	s.lapses.Push(at, v)
}

// lapse lapses the visits whose deadline the watermark has passed. A deadline in the queue may be older than the visit's
// last fact; the visit is then queued again.
func (s *State) lapse() {
	for s.lapses.Len() > 0 {
		if at, _ := s.lapses.First(); at > s.watermark() {
			return
		}
		due, r := s.lapses.Pop()
		v := s.visits.At(r)
		if due != v.queued() {
			continue
		}
		v.at = notQueued
		if v.over() {
			continue
		}
		st := s.derive(r)
		at := s.lapsedAt(st)
		if at == visit.None {
			s.await(r, st)
			continue
		}
		s.markDirty(r, st)
		s.noteBefore(r, st)
		v.setLapsed(at)
		v.setOver(true)
		s.noteAfter(r, st)
	}
}
