package source

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"dwell/ingest/event"
)

// The reasons that lines alone have.
const (
	UnreadableLine     = event.UnreadableLine
	ConflictingReading = event.ConflictingReading
	AmbiguousTime      = event.AmbiguousTime
)

// LineError is the reason why a line gives no event.
type LineError struct {
	// Line is the line's number in the file, from 1.
	Line int
	// Unit is what a line of the file is called: line, or for other forms object, row or element; empty is line.
	Unit string
	// Reason is one of event.Reasons.
	Reason event.Reason
	// Text names the column and the value.
	Text string
	// Bytes are those of the line as UTF-8, without its end, valid until the next line is read; of a line that is too long, the first.
	Bytes []byte
}

func (e *LineError) Error() string {
	return fmt.Sprintf("%s %d: %s", cmp.Or(e.Unit, "line"), e.Line, e.Text)
}

// Tally counts what the lines of a file have become: Lines is the sum of Taken, Duplicates and the refused ones.
type Tally struct {
	// Lines are those with data: neither the header, nor empty, nor a comment. A record of several lines counts once, and one with
	// several readings once for each.
	Lines int64
	// Taken are those that gave a reading or an event, of which Replaced say otherwise what an earlier import said; Duplicates say again
	// what an earlier line or an earlier import says.
	Taken, Replaced, Duplicates int64
	// Changes are the closings and openings that follow from the readings; they are events, but no lines.
	Changes int64
	// Skipped are empty lines and comments.
	Skipped int64
	// Unselected are the readings, or the records without an event, that only and except of the mapping pass over.
	Unselected int64
	// Refused are the lines that gave none, by reason.
	Refused map[event.Reason]int64

	unit string // a line is called, as of LineError
	what string // a line becomes: reading or event
}

func newTally(what string) Tally { return Tally{Refused: map[event.Reason]int64{}, what: what} }

// Know says that of the lines which were taken so many replace what an earlier import said, and so many say it again.
func (t *Tally) Know(replaced, duplicates int64) {
	t.Replaced += replaced
	t.Taken -= duplicates
	t.Duplicates += duplicates
}

// Conflict refuses a line that was taken, since an earlier line of the file says otherwise.
func (t *Tally) Conflict(line int, text []byte) *LineError {
	t.Taken--
	t.Refused[event.ConflictingEvent]++
	return &LineError{Line: line, Reason: event.ConflictingEvent, Bytes: text, Text: "an earlier line has other data of this event; the first one counts"}
}

// AllRefused is the number of lines that were refused.
func (t *Tally) AllRefused() (n int64) {
	for _, of := range t.Refused {
		n += of
	}
	return n
}

// String says the sum and its parts: "12 lines: 9 readings, 1 duplicate, 2 refused (1 future_time, 1 unreadable_line)".
func (t *Tally) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", many(t.Lines, cmp.Or(t.unit, "line")), many(t.Taken-t.Replaced, t.what))
	if t.Replaced > 0 {
		fmt.Fprintf(&b, ", %d replaced", t.Replaced)
	}
	if t.Duplicates > 0 {
		fmt.Fprintf(&b, ", %s", many(t.Duplicates, "duplicate"))
	}
	fmt.Fprintf(&b, ", %d refused", t.AllRefused())
	for i, reason := range slices.Sorted(maps.Keys(t.Refused)) {
		b.WriteString([]string{" (", ", "}[min(i, 1)])
		fmt.Fprintf(&b, "%d %s", t.Refused[reason], reason)
	}
	if len(t.Refused) > 0 {
		b.WriteString(")")
	}
	if t.Skipped > 0 {
		fmt.Fprintf(&b, "; %s", many(t.Skipped, "empty or comment line"))
	}
	if t.Unselected > 0 {
		what := fmt.Sprint(t.Unselected)
		if t.what == "reading" {
			what = many(t.Unselected, "reading")
		}
		fmt.Fprintf(&b, "; %s not selected by only or except", what)
	}
	if t.Changes > 0 {
		fmt.Fprintf(&b, "; %s", many(t.Changes, "closing or opening", "closings and openings"))
	}
	return b.String()
}

func many(n int64, one string, more ...string) string {
	if n == 1 {
		return "1 " + one
	}
	if len(more) > 0 {
		return fmt.Sprintf("%d %s", n, more[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}
