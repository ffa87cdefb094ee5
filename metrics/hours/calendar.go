package hours

import (
	"time"

	"dwell/ingest/place"
	"dwell/metrics/window"
)

// calendar is a week's opening hours on the time line. All instants are in minutes since the Unix epoch.
type calendar struct {
	week  *place.Calendar // nil is always open
	clock window.Clock
}

const (
	dayLength = 24 * 60
	// lookahead is how far ahead an opening and the closing after it are searched: a week, and a day more for clock changes.
	lookahead = 2 * 8 * dayLength
	never     = int32(1<<31 - 1)
)

// at reports whether the BCP is open in a minute by the calendar, and until when at least that stays so.
func (c *calendar) at(minute int32) (open bool, until int32) {
	if c.week == nil {
		return true, never
	}
	offset, until := c.clock.Offset(minute)
	local := minute + offset
	ofDay := local % dayLength
	if ofDay < 0 {
		ofDay += dayLength
	}
	const epochIsThursday = int32(time.Thursday)
	weekday := ((local-ofDay)/dayLength + epochIsThursday) % 7
	if weekday < 0 {
		weekday += 7
	}
	ends := int32(dayLength)
	for _, s := range c.week.Days[weekday] {
		if from := int32(s.Open); ofDay < from {
			ends = from
			break
		}
		if to := int32(s.Close); ofDay < to {
			open, ends = true, to
			break
		}
	}
	return open, min(until, minute+ends-ofDay)
}

// next is the first minute after this one in which the calendar opens (or closes), never if there is none.
func (c *calendar) next(minute int32, opens bool) int32 {
	was, at := c.at(minute)
	for at != never && at-minute < lookahead {
		open, until := c.at(at)
		if open != was && open == opens {
			return at
		}
		was, at = open, until
	}
	return never
}
