package hours

import (
	"cmp"
	"maps"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// Hours is when one BCP was open. It is not for concurrent use.
type Hours struct {
	calendar  calendar
	facts     [directions]timeline // those that hold for a direction, by its index
	known     map[uint64]fact      // all facts, by key
	retracted map[uint64]struct{}
	days      [directions]map[int32]closures // cache, by day in UTC since the Unix epoch
}

const directions = int(event.Outbound) + 1

// fact is an opening or a closing.
type fact struct {
	key       uint64 // event.Event.Key
	time      int64  // Unix milliseconds
	opens     bool
	direction event.Direction
}

func compare(a, b fact) int {
	if c := cmp.Compare(a.time, b.time); c != 0 {
		return c
	}
	if a.opens != b.opens {
		if a.opens {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.direction, b.direction))
}

// of reports whether the fact holds for a direction.
func (f *fact) of(d event.Direction) bool {
	return f.direction == event.NoDirection || f.direction == d
}

// New makes the hours of a BCP without facts. The calendar may be nil: always open.
func New(week *place.Calendar, zone *time.Location) *Hours {
	return &Hours{calendar: calendar{week, window.NewClock(zone)}}
}

// Clone is a copy that shares no memory that changes.
func (h *Hours) Clone() *Hours {
	own := &Hours{calendar: h.calendar, known: maps.Clone(h.known), retracted: maps.Clone(h.retracted)}
	for d := range h.facts {
		own.facts[d] = h.facts[d].clone()
	}
	return own
}

// Interval is [From, To) in Unix milliseconds.
type Interval struct{ From, To int64 }

// Forever is the end of an unbounded interval.
const Forever = int64(1<<62 - 1)

// Empty reports whether the interval is empty.
func (s Interval) Empty() bool { return s.From >= s.To }

// union is the shortest interval with both.
func (s Interval) union(o Interval) Interval {
	switch {
	case s.Empty():
		return o
	case o.Empty():
		return s
	}
	return Interval{min(s.From, o.From), max(s.To, o.To)}
}

// Concerns reports whether an event may change the hours of its BCP.
func Concerns(e *event.Event) bool {
	return e.Type == event.BCPOpened || e.Type == event.BCPClosed || e.Type == event.EventRetracted && e.AboutPlace
}

// Knows reports whether an opening or a closing is known, or retracted: Apply leaves it out.
func (h *Hours) Knows(e *event.Event) bool {
	f := factOf(e)
	if _, ok := h.retracted[f.key]; ok {
		return true
	}
	known, ok := h.known[f.key]
	// Of one id with two contents, which CloudEvents forbids, the smaller one counts.
	return ok && compare(f, known) >= 0
}

// Change is an interval outside of which Apply does not change whether the BCP is open; empty if it changes nothing.
func (h *Hours) Change(e *event.Event) Interval {
	if e.Type == event.EventRetracted {
		f, ok := h.known[e.RetractedKey()]
		if !ok {
			return Interval{}
		}
		return h.reach(&f)
	}
	if h.Knows(e) {
		return Interval{}
	}
	f := factOf(e)
	known, ok := h.known[f.key]
	if !ok {
		return h.reach(&f)
	}
	var s Interval
	for d := event.Inbound; d <= event.Outbound; d++ {
		s = s.union(h.reachAcross(&known, d)).union(h.reachAcross(&f, d))
	}
	return s
}

// Direction is the one whose hours alone Apply may change, event.NoDirection if it may be those of any.
func (h *Hours) Direction(e *event.Event) event.Direction {
	if e.Type == event.EventRetracted {
		return h.known[e.RetractedKey()].direction
	}
	if known, ok := h.known[e.Key()]; ok && known.direction != e.Direction {
		return event.NoDirection
	}
	return e.Direction
}

// Apply adds an opening or a closing, or removes one if the event is a retraction.
func (h *Hours) Apply(e *event.Event) {
	change := h.Change(e)
	if e.Type == event.EventRetracted {
		h.retract(e.RetractedKey())
	} else if !h.Knows(e) {
		h.add(factOf(e))
	}
	h.forget(change)
}

// Merge applies all that o has been applied.
func (h *Hours) Merge(o *Hours) {
	for key := range o.retracted {
		h.retract(key)
	}
	for key, f := range o.known {
		known, ok := h.known[key]
		if _, retracted := h.retracted[key]; !retracted && (!ok || compare(f, known) < 0) {
			h.add(f)
		}
	}
	h.days = [directions]map[int32]closures{}
}

// add adds a fact, in place of one of the same key.
func (h *Hours) add(f fact) {
	h.remove(f.key)
	for d := range h.facts {
		if f.of(event.Direction(d)) {
			h.facts[d].add(f)
		}
	}
	if h.known == nil {
		h.known = map[uint64]fact{}
	}
	h.known[f.key] = f
}

func (h *Hours) retract(key uint64) {
	if h.retracted == nil {
		h.retracted = map[uint64]struct{}{}
	}
	h.retracted[key] = struct{}{}
	h.remove(key)
}

func (h *Hours) remove(key uint64) {
	f, ok := h.known[key]
	if !ok {
		return
	}
	for d := range h.facts {
		if f.of(event.Direction(d)) {
			h.facts[d].remove(f)
		}
	}
	delete(h.known, key)
}

func factOf(e *event.Event) fact {
	return fact{key: e.Key(), time: e.Time, opens: e.Type == event.BCPOpened, direction: e.Direction}
}

// reach is the interval that a fact may change that is known, or would be. A closing after a closing changes nothing. An
// opening at a BCP that is not closed changes nothing if that has no calendar, and otherwise nothing after the calendar
// has closed.
func (h *Hours) reach(f *fact) (s Interval) {
	for d := event.Inbound; d <= event.Outbound; d++ {
		if !f.of(d) {
			continue
		}
		before := h.facts[d].before(f)
		closed := before != nil && !before.opens
		if closed && !f.opens || !closed && f.opens && h.calendar.week == nil || f.opens && h.facts[d].closing(f.time) != nil {
			continue
		}
		across := h.reachAcross(f, d)
		if f.opens && !closed {
			ends := h.end(f, across.To)
			if before != nil {
				ends = max(ends, h.end(before, across.To))
			}
			across.To = min(across.To, ends)
		}
		s = s.union(across)
	}
	return s
}

// end is when the calendar replaces an opening, if the next fact is at an instant.
func (h *Hours) end(opening *fact, next int64) int64 {
	shuts, opensNext := h.shuts(opening)
	if next < opensNext {
		return max(shuts, next)
	}
	return shuts
}

// reachAcross is the interval that a fact may change in a direction, whatever it says: from the end that the preceding opening has
// without it, unless the calendar opens again before the fact, to the next fact. A closing makes openings at its instant void.
func (h *Hours) reachAcross(f *fact, d event.Direction) Interval {
	s := Interval{From: f.time, To: Forever}
	before := h.facts[d].beforeTime(f.time)
	if f.opens {
		before = h.facts[d].before(f)
	}
	if before != nil && before.opens {
		if shuts, opensNext := h.shuts(before); f.time < opensNext {
			s.From = min(s.From, shuts)
		}
	}
	if _, next := h.facts[d].aroundTime(f.time); next != nil {
		s.To = next.time
	}
	return s
}

// shuts is when the calendar closes after an opening, and when it opens again after that.
func (h *Hours) shuts(opening *fact) (shuts, opensNext int64) {
	minute := window.MinuteOf(opening.time)
	closes := h.calendar.next(minute, false)
	if closes == never {
		return Forever, Forever
	}
	opens := h.calendar.next(closes, true)
	if opens == never {
		return millis(closes), Forever
	}
	return millis(closes), millis(opens)
}

// holdsUntil is when the calendar replaces a fact in a direction before which next is the next one, or nil.
func (h *Hours) holdsUntil(f, next *fact, d event.Direction) int64 {
	if !f.opens {
		return Forever
	}
	shuts, opensNext := h.shuts(f)
	if next == nil || next.time >= opensNext || h.facts[d].closing(next.time) == nil {
		return shuts
	}
	return max(shuts, next.time)
}

func millis(minute int32) int64 { return int64(minute) * 60_000 }
