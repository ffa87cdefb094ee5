package source

import (
	"slices"
	"strings"

	"dwell/ingest/event"
)

// words are those of the file for what is not a number, and for flags; case does not count.
type words struct {
	// Unknown are the words for a figure that the source lacks; an empty text always is one.
	Unknown []string `yaml:"unknown,omitempty"`
	// Yes are the words of flags for yes, besides 1, true, yes, 0, false and no.
	Yes []string `yaml:"yes,omitempty"`
	// No are the words of flags for no.
	No []string `yaml:"no,omitempty"`
	// Open are the words of a queue that is open, besides open, paused, closed and unknown.
	Open []string `yaml:"open,omitempty"`
	// Paused are the words of a queue that does not advance.
	Paused []string `yaml:"paused,omitempty"`
	// Closed are the words of a queue that is closed.
	Closed []string `yaml:"closed,omitempty"`
	// Inbound are the words for inbound.
	Inbound []string `yaml:"inbound,omitempty"`
	// Outbound are the words for outbound.
	Outbound []string `yaml:"outbound,omitempty"`
}

func isOf(words []string, s string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return sameName(w, s) })
}

func (w *words) unknown(s string) bool { return s == "" || isOf(w.Unknown, s) }

// flag reads a yes or no; empty is no.
func (w *words) flag(s string) (flag, ok bool) {
	switch {
	case isOf(w.Yes, s):
		return true, true
	case isOf(w.No, s):
		return false, true
	}
	switch western(strings.ToLower(s)) {
	case "", "0", "false", "no":
		return false, true
	case "1", "true", "yes":
		return true, true
	}
	return false, false
}

// state reads the state of a queue; empty is unknown.
func (w *words) state(s string) (event.QueueState, bool) {
	switch {
	case isOf(w.Open, s):
		return event.OpenState, true
	case isOf(w.Paused, s):
		return event.PausedState, true
	case isOf(w.Closed, s):
		return event.ClosedState, true
	case w.unknown(s):
		return event.UnknownState, true
	}
	return event.ParseQueueState([]byte(strings.ToLower(s)))
}

// direction reads a direction. An empty text gives NoDirection.
func (w *words) direction(s string) (event.Direction, bool) {
	switch {
	case isOf(w.Inbound, s):
		return event.Inbound, true
	case isOf(w.Outbound, s):
		return event.Outbound, true
	case w.unknown(s):
		return event.NoDirection, true
	}
	return event.ParseDirection([]byte(strings.ToLower(s)))
}
