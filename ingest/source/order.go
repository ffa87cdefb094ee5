package source

import (
	"fmt"
	"slices"
	"time"
)

// The lines of a file of events may be in any order: a clerk enters a truck late, or sorts the book by its plates. So nothing tells the two
// passes of a local hour apart that is there twice, unless the mapping says that the lines are in the order of time (in_order). Then an
// instant is certain where each way to keep that order gives the same one. It is not where the hour has no step back, as with a single truck.

// twice is the error of a record whose time is there twice, which the order of the lines may decide.
type twice struct {
	shape, number int
	values        []string
	at, later     time.Time
	bytes         []byte
	text          string // why it is refused if nothing decides
}

func (t *twice) Error() string { return t.text }

// certain are the instants that are certain, zero for the others, of those that lie between two others in the order of the lines. It returns
// false where no choice is in order.
func certain(held []*twice, before, after int64) (all []time.Time, inOrder bool) {
	first := make([]time.Time, len(held)) // as early as the order allows
	for i, t := range held {
		first[i] = t.at
		if t.at.UnixMilli() < before {
			first[i] = t.later
		}
		if first[i].UnixMilli() < before {
			return nil, false
		}
		before = first[i].UnixMilli()
	}
	for i, t := range slices.Backward(held) {
		last := t.later // as late as the order allows
		if last.UnixMilli() > after {
			last = t.at
		}
		if last.UnixMilli() > after || last.Before(first[i]) {
			return nil, false
		}
		if after = last.UnixMilli(); !last.Equal(first[i]) {
			first[i] = time.Time{}
		}
	}
	return first, true
}

// ordered are the events of a file whose lines are in the order of time.
type ordered struct {
	translator // of what was held, while an event of the reader's own is in use

	held   []*twice
	last   int64 // the time of the last event, Unix milliseconds
	broken bool  // a line was out of order, so what the mapping says is wrong
}

// release calls each with the events that were held, now that the next one is known, which happened at after.
func (o *ordered) release(after, now int64, each func(Line, []byte, error) bool) bool {
	held := o.held
	o.held = nil
	var instants []time.Time
	if len(held) <= maxHeld && !o.broken {
		var inOrder bool
		instants, inOrder = certain(held, o.last, after)
		o.broken = !inOrder
	}
	for i, t := range held {
		var l Line
		var err error = &LineError{Line: t.number, Reason: AmbiguousTime, Text: t.text}
		if instants != nil && !instants[i].IsZero() {
			l, err = o.translate(t.shape, t.number, t.values, "", now, instants[i])
		}
		if !each(l, t.bytes, err) {
			return false
		}
	}
	o.broken = o.broken || after < o.last
	o.last = after
	return true
}

// ambiguous says what would tell the two instants of a time apart.
func (t *translator) ambiguous(column, text string, zone *time.Location) string {
	is := fmt.Sprintf("%s: %q is there twice in %s, where clocks were set back", column, short(text), zone)
	switch {
	case !t.ofFile:
		return is + "; times with their offset, or in UTC, would tell"
	case t.mapping.inOrder:
		return is + ", and the order of the lines does not tell which it is; times with their offset, or in UTC, would"
	}
	return is + "; times with their offset, or in UTC, would tell, or in_order where the lines are in the order of time"
}
