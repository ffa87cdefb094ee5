package event

import (
	"fmt"
	"strings"
)

// Reason says why a message cannot be used. It is the label of the dead letters' counter and a column of their table.
type Reason string

// The reasons.
const (
	NotJSON       Reason = "not_json"
	NotCloudEvent Reason = "not_cloudevent"
	UnknownType   Reason = "unknown_type"
	MissingField  Reason = "missing_field"
	InvalidField  Reason = "invalid_field"
	UnknownBCP    Reason = "unknown_bcp"
	UnknownAgency Reason = "unknown_agency"
	FutureTime    Reason = "future_time"
	TooOld        Reason = "too_old"
	TooLarge      Reason = "too_large"
	// UnreadableBatch is the reason of a whole batch of records that cannot be read, whose bytes are one dead letter.
	UnreadableBatch Reason = "unreadable_batch"
	// TooManyFacts is the reason of what comes after as many facts of its visit as are counted.
	TooManyFacts Reason = "too_many_facts"
	// ForeignRetraction is the reason of a retraction that names an event of another source, where only its own may be retracted.
	ForeignRetraction Reason = "foreign_retraction"
	// UnreadableLine is the reason of a line of a file that cannot be taken apart: a quote that is not closed, too many or too few
	// fields, bytes that are no text.
	UnreadableLine Reason = "unreadable_line"
	// ConflictingReading is that of a second reading of the same place and time in one input, with other figures.
	ConflictingReading Reason = "conflicting_reading"
	// ConflictingEvent is that of a second event of the same identity in one file or request, with other data.
	ConflictingEvent Reason = "conflicting_event"
	// AmbiguousTime is that of a local time that is there twice, as clocks were set back, where the order of lines does not tell which.
	AmbiguousTime Reason = "ambiguous_time"
	// NotPermitted is that of an event that was posted with a token that has no right to it.
	NotPermitted Reason = "not_permitted"
)

// MessageReasons lists the reasons of messages in a log, so that each can be counted from zero.
func MessageReasons() []Reason {
	return []Reason{
		NotJSON, NotCloudEvent, UnknownType, MissingField, InvalidField,
		UnknownBCP, UnknownAgency, FutureTime, TooOld, TooLarge,
		UnreadableBatch, TooManyFacts, ForeignRetraction,
	}
}

// Reasons lists every reason, also those that only lines of files and posted events have.
func Reasons() []Reason {
	return append(MessageReasons(), UnreadableLine, ConflictingReading, ConflictingEvent, AmbiguousTime, NotPermitted)
}

// Rejection is the error of a message that cannot be used.
type Rejection struct {
	Reason Reason
	// Field is the field at fault, where there is one.
	Field string
	// Value is the offending value, cut to 100 bytes, where there is one.
	Value string
}

func (r *Rejection) Error() string {
	switch {
	case r.Field == "":
		return string(r.Reason)
	case r.Value == "":
		return fmt.Sprintf("%s: %s", r.Reason, r.Field)
	case r.Reason == UnknownType:
		return fmt.Sprintf("%s: %s %q%s", r.Reason, r.Field, r.Value, meant(r.Value))
	default:
		return fmt.Sprintf("%s: %s %q", r.Reason, r.Field, r.Value)
	}
}

// meant names the type whose name is not written in full.
func meant(name string) string {
	t, known := ParseType([]byte(strings.TrimSuffix(strings.TrimPrefix(name, "dwell."), ".v1")))
	if !known {
		return ""
	}
	return fmt.Sprintf("; did you mean %q", t.Wire())
}
