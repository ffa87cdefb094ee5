package source

import "dwell/ingest/event"

// Line is an event that a line of a file gives. It is valid until the next one.
type Line struct {
	// Number is that of the line, from 1.
	Number int
	Event  *event.Event
	// Message is the event as the line has it; nil where it has a reading in other words.
	Message []byte
	// Recorded is the time that its record should have, in Unix milliseconds.
	Recorded int64
	// Closed is what a reading says of whether its place was closed.
	Closed Flag
}

// Flag is a yes, a no, or nothing.
type Flag int8

// The flags.
const (
	NotSaid Flag = iota
	No
	Yes
)

func flagOf(yes bool) Flag {
	if yes {
		return Yes
	}
	return No
}
