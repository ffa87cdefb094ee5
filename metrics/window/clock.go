package window

import "time"

// Clock cuts time into the local hours and days of a time zone. It is not for concurrent use.
//
// A local day begins at the first instant with its date: where clocks jump over midnight, at the jump, and where midnight
// comes twice, at the first. A local hour is cut where the clocks change; the hour that comes twice is two hours. So hours
// and days have neither gaps nor overlaps, and a day consists of whole hours.
type Clock struct {
	zone *time.Location
	// offset is the cached offset of the minutes [from, until), in minutes east of UTC; it usually holds for months.
	offset, from, until int32
}

const (
	hourLength = 60
	dayLength  = 24 * hourLength
	forever    = 1 << 30 // two thousand years
)

// NewClock makes the clock of a zone.
func NewClock(zone *time.Location) Clock { return Clock{zone: zone} }

// In returns the key of the window of a grain that has the minute k.Start in it.
func (c *Clock) In(k Key, g Grain) Key {
	k.Grain = g
	switch g {
	case Hour:
		offset := c.at(k.Start)
		k.Start = max(c.from, k.Start-past(k.Start+offset, hourLength))
	case Day:
		k.Start, _ = c.day(k.Start)
	}
	return k
}

// End is when the window ends, in minutes since the Unix epoch.
func (c *Clock) End(k Key) int32 {
	switch k.Grain {
	case Hour:
		offset := c.at(k.Start)
		return min(c.until, k.Start-past(k.Start+offset, hourLength)+hourLength)
	case Day:
		_, end := c.day(k.Start)
		return end
	default:
		return k.Start + 1
	}
}

// Offset is the offset at a minute, in minutes east of UTC, and until which minute at least it holds.
func (c *Clock) Offset(minute int32) (offset, until int32) {
	offset = c.at(minute)
	return offset, c.until
}

// DateOf is the local date of a minute, in days since 1970-01-01. Of the minute at which a day begins it is the date of the day.
func (c *Clock) DateOf(minute int32) int32 {
	local := minute + c.at(minute)
	return (local - past(local, dayLength)) / dayLength
}

// Midnight is the minute at which the day with a local date begins. Where clocks jump over a whole date, it is that of the next date,
// and the day is empty.
func (c *Clock) Midnight(date int32) int32 { return c.midnight(date) }

// day is the local day that has this minute.
func (c *Clock) day(minute int32) (start, end int32) {
	local := minute + c.at(minute)
	start = minute - past(local, dayLength)
	if end = start + dayLength; start-c.from >= 2*dayLength && end < c.until {
		return start, end
	}
	// The clocks change nearby. Where they have gone back over midnight, the next day has begun before this minute.
	date := c.DateOf(minute)
	start, end = c.midnight(date), c.midnight(date+1)
	for end <= minute {
		date++
		start, end = end, c.midnight(date+1)
	}
	return start, end
}

// midnight is the first minute with this local date, in days since the Unix epoch, or a later one.
func (c *Clock) midnight(date int32) int32 {
	for minute := (date - 2) * dayLength; ; minute = c.until { // two days earlier the date is earlier in every zone
		if start := max(minute, date*dayLength-c.at(minute)); start < c.until {
			return start
		}
	}
}

// at is the offset at a minute.
func (c *Clock) at(minute int32) (offset int32) {
	if minute < c.from || minute >= c.until {
		t := time.Unix(int64(minute)*60, 0).In(c.zone)
		_, seconds := t.Zone()
		c.offset, c.from, c.until = int32(seconds/60), -forever, forever
		from, until := boundsOf(t)
		if !from.IsZero() {
			c.from = int32(max(-forever, from.Unix()/60))
		}
		if !until.IsZero() {
			c.until = int32(min(forever, until.Unix()/60))
		}
	}
	return c.offset
}

// boundsOf are those between which the offset is that of t, zero where there is none. A time zone database may have
// more bounds than these, at which only a name changes or a rule takes over from a table.
func boundsOf(t time.Time) (from, until time.Time) {
	_, offset := t.Zone()
	from, until = t.ZoneBounds()
	for !from.IsZero() {
		before := from.Add(-time.Second)
		if _, was := before.Zone(); was != offset {
			break
		}
		from, _ = before.ZoneBounds()
	}
	for last := t; !until.IsZero(); {
		// Where a rule has taken over from the table, Go ends a leap year before its last day is over.
		if !until.After(last) {
			until = last.Add(24 * time.Hour)
		}
		if _, is := until.Zone(); is != offset {
			break
		}
		last = until
		_, until = until.ZoneBounds()
	}
	return from, until
}

// past is the number of minutes since the last multiple of length; minute may be negative.
func past(minute, length int32) int32 {
	p := minute % length
	if p < 0 {
		p += length
	}
	return p
}
