package source

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"

	"dwell/ingest/event"
)

// flag is what a reading says of whether its place was closed.
type flag struct {
	at     int64 // Unix milliseconds
	line   int
	id     string // of the reading
	closed bool
}

// Events yields the readings as Lines does, and behind them, of each place, the closings and openings that follow if there were no other
// files of the source.
func (q *Reader) Events() iter.Seq2[*event.Event, error] {
	return func(yield func(*event.Event, error) bool) {
		flags := map[event.BCP][]flag{}
		for l, err := range q.Lines() {
			if err != nil {
				if !yield(nil, err) {
					return
				}
				continue
			}
			if l.Closed != NotSaid {
				flags[l.Event.BCP] = append(flags[l.Event.BCP], flag{l.Event.Time, l.Number, string(l.Event.ID), l.Closed == Yes})
			}
			if !yield(l.Event, nil) {
				return
			}
		}
		q.changes(flags, yield)
	}
}

// changes yields the closings and openings of each place. They follow from the order of times and not from that of lines: a file
// may have the newest first, where what reads as a closing was an opening. Of several readings of an instant, one that says that the place
// was closed counts.
func (q *Reader) changes(flags map[event.BCP][]flag, yield func(*event.Event, error) bool) {
	for _, bcp := range slices.Sorted(maps.Keys(flags)) {
		slices.SortFunc(flags[bcp], func(a, b flag) int {
			closedFirst := 0
			if a.closed != b.closed {
				closedFirst = 1
				if a.closed {
					closedFirst = -1
				}
			}
			return cmp.Or(cmp.Compare(a.at, b.at), closedFirst, cmp.Compare(a.id, b.id))
		})
		closed := false
		for i, f := range flags[bcp] {
			if f.closed == closed || i > 0 && flags[bcp][i-1].at == f.at {
				continue
			}
			closed = f.closed
			q.tally.Changes++
			q.begin(ChangeType(closed), bcp, []byte(ChangeID(f.id, closed)), f.at, f.line)
			if !yield(&q.event, nil) {
				return
			}
		}
	}
}

// ChangeType is the type of the event by which a place closes or opens.
func ChangeType(closed bool) event.Type {
	if closed {
		return event.BCPClosed
	}
	return event.BCPOpened
}

// ChangeID is the id of the closing or the opening that a reading says.
func ChangeID(reading string, closed bool) string {
	return fmt.Sprintf("%s/%s", reading, ChangeType(closed))
}
