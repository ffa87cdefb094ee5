package main

import (
	"fmt"
	"time"

	"dwell/cmd/dwell/app"
)

// tooOld counts what an import has sent that is refused when it is counted, as an import itself does not know.
type tooOld struct {
	kept *app.Kept
	now  time.Time
	// will is how much is too old already, and may is how much more is older than visits are kept before now.
	will, may int
}

// sent takes a message about a visit.
func (o *tooOld) sent(subject []byte, at int64) {
	switch {
	case o.kept.TooOld(subject, at):
		o.will++
	case o.kept.Visits > 0 && at < o.now.Add(-o.kept.Visits).UnixMilli():
		o.may++
	}
}

// String says what becomes of that, empty if none is too old.
func (o *tooOld) String() string {
	switch {
	case o.will > 0:
		return fmt.Sprintf("of these, %d are older than what is kept (retention.visits), and will be refused as too_old when they are counted", o.will)
	case o.may > 0:
		return fmt.Sprintf("of these, %d are older than %v (retention.visits); those that are so when they are counted will be refused as too_old", o.may, o.kept.Visits)
	}
	return ""
}
