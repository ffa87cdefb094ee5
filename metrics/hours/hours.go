package hours

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/metrics/window"
)

// Hours is when one BCP was open. It is not for concurrent use.
type Hours struct {
	calendar  calendar
	facts     []fact          // ordered by compare, keys unique
	known     map[uint64]fact // the facts, by key
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
	return &Hours{calendar: h.calendar, facts: slices.Clone(h.facts), known: maps.Clone(h.known), retracted: maps.Clone(h.retracted)}
}

// Interval is [From, To) in Unix milliseconds.
type Interval struct{ From, To int64 }

// Forever is the end of an unbounded interval.
const Forever = int64(1<<62 - 1)

// Empty reports whether the interval is empty.
func (s Interval) Empty() bool { return s.From >= s.To }

// Concerns reports whether an event may change the hours of its BCP.
func Concerns(e *event.Event) bool {
	return e.Type == event.BCPOpened || e.Type == event.BCPClosed || e.Type == event.EventRetracted && e.AboutPlace
}

// Change is the interval in which Apply may change whether the BCP is open; empty if it changes nothing.
func (h *Hours) Change(e *event.Event) Interval {
	if e.Type == event.EventRetracted {
		at := h.index(e.RetractedKey())
		if at < 0 {
			return Interval{}
		}
		return h.reach(at, h.facts[at].time)
	}
	f := factOf(e)
	if _, ok := h.retracted[f.key]; ok {
		return Interval{}
	}
	at, _ := slices.BinarySearchFunc(h.facts, f, compare)
	known := h.index(f.key)
	if known < 0 {
		return h.reach(at, f.time)
	}
	if compare(f, h.facts[known]) >= 0 {
		return Interval{}
	}
	// Of one id with two contents, which CloudEvents forbids, the smaller one counts.
	to := h.reach(known, h.facts[known].time)
	from := h.reach(at, f.time)
	return Interval{min(from.From, to.From), max(from.To, to.To)}
}

// Apply adds an opening or a closing, or removes one if the event is a retraction.
func (h *Hours) Apply(e *event.Event) {
	change := h.Change(e)
	if e.Type == event.EventRetracted {
		h.retract(e.RetractedKey())
	} else if !change.Empty() {
		h.add(factOf(e))
	}
	h.forget(change)
}

// Merge applies all that o has been applied.
func (h *Hours) Merge(o *Hours) {
	for key := range o.retracted {
		h.retract(key)
	}
	for _, f := range o.facts {
		known := h.index(f.key)
		if _, retracted := h.retracted[f.key]; !retracted && (known < 0 || compare(f, h.facts[known]) < 0) {
			h.add(f)
		}
	}
	h.days = [directions]map[int32]closures{}
}

// add adds a fact, in place of one of the same key.
func (h *Hours) add(f fact) {
	h.remove(f.key)
	at, _ := slices.BinarySearchFunc(h.facts, f, compare)
	h.facts = slices.Insert(h.facts, at, f)
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
	if at := h.index(key); at >= 0 {
		h.facts = slices.Delete(h.facts, at, at+1)
		delete(h.known, key)
	}
}

func factOf(e *event.Event) fact {
	return fact{key: e.Key(), time: e.Time, opens: e.Type == event.BCPOpened, direction: e.Direction}
}

// index is where the fact of a key is, -1 if there is none.
func (h *Hours) index(key uint64) int {
	f, ok := h.known[key]
	if !ok {
		return -1
	}
	at, _ := slices.BinarySearchFunc(h.facts, f, compare)
	return at
}

// reach is the interval that a fact at this index and time may change: from the end that the preceding opening has without
// it, unless the calendar opens again before the fact, to the next fact in each direction.
func (h *Hours) reach(at int, time int64) Interval {
	s := Interval{From: time, To: time}
	for d := event.Inbound; d <= event.Outbound; d++ {
		if before := h.before(at, d); before >= 0 && h.facts[before].opens {
			if shuts, opensNext := h.shuts(before); time < opensNext {
				s.From = min(s.From, shuts)
			}
		}
		to := Forever
		for after := at; after < len(h.facts); after++ {
			if f := &h.facts[after]; f.of(d) && f.time > time {
				to = f.time
				break
			}
		}
		s.To = max(s.To, to)
	}
	return s
}

// before is the index of the last fact of a direction before an index, -1 if there is none.
func (h *Hours) before(at int, d event.Direction) int {
	for at--; at >= 0 && !h.facts[at].of(d); at-- {
	}
	return at
}

// shuts is when the calendar closes after an opening, and when it opens again after that.
func (h *Hours) shuts(opening int) (shuts, opensNext int64) {
	minute := window.MinuteOf(h.facts[opening].time)
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

// holdsUntil is when the calendar replaces a fact in a direction, unless the next fact comes first.
func (h *Hours) holdsUntil(at int, d event.Direction) int64 {
	if !h.facts[at].opens {
		return Forever
	}
	shuts, opensNext := h.shuts(at)
	for next := at + 1; next < len(h.facts); next++ {
		if f := &h.facts[next]; f.of(d) {
			if !f.opens && f.time < opensNext {
				return max(shuts, f.time)
			}
			break
		}
	}
	return shuts
}

func millis(minute int32) int64 { return int64(minute) * 60_000 }
