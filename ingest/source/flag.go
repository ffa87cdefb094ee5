package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"dwell/ingest/event"
)

// flag is what a reading says of whether its place was closed.
type flag struct {
	at     int64 // Unix milliseconds
	line   int
	name   string // of the place, as the file has it
	closed bool
}

// changes yields the closings and openings of each place. They follow from the order of times and not from that of lines: a file
// may have the newest first, where what reads as a closing was an opening.
func (q *Reader) changes(yield func(*event.Event, error) bool) bool {
	for _, bcp := range slices.Sorted(maps.Keys(q.flags)) {
		closed := false
		slices.SortStableFunc(q.flags[bcp], func(a, b flag) int { return cmp.Compare(a.at, b.at) })
		for _, f := range q.flags[bcp] {
			if f.closed == closed {
				continue
			}
			closed = f.closed
			q.tally.Changes++
			t := event.BCPOpened
			if closed {
				t = event.BCPClosed
			}
			q.begin(t, bcp, fmt.Appendf(nil, "%s/%s", eventID(f.name, time.UnixMilli(f.at)), t), f.at, f.line)
			if !yield(&q.event, nil) {
				return false
			}
		}
	}
	return true
}
