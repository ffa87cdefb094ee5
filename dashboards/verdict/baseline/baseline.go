// Package baseline says how long a silence of a BCP may last before what is known of it counts as unknown.
//
// It promises a rule that can be checked by hand: for each hour of the local week, twice the silence that three of
// four of the last eight weeks did not exceed. So an outage in two of the eight teaches nothing; closed hours are
// no silence; and where too little is known the places file decides. It refuses to guess from less than four weeks.
//
// Twice, because trucks come at random. At a BCP where they do so at one rate all week, this many minutes are taken for
// unknown though nothing is amiss: none at six events an hour (after two hours) or more, 0.01 % at one an hour (after six
// hours), 6 % at eight a day (after twelve hours). What is rarer hardly has a baseline.
//
// The package is pure: it is given the events by hour, and the time.
package baseline

import (
	"slices"
	"time"

	"dwell/ingest/place"
)

// Baseline is how long silences of a BCP usually last, by local hour of the week. Nil knows nothing.
type Baseline struct {
	zone *time.Location
	// hours are by local hour of the week from Sunday midnight; zero where too little is known.
	hours [hoursOfWeek]time.Duration
}

const hoursOfWeek = 7 * 24

// hourOfWeek is which hour of the local week t is in.
func hourOfWeek(local time.Time) int { return int(local.Weekday())*24 + local.Hour() }

// Tolerated is how long a silence of the place may last at t, by the clock, and whether that was learned.
//
// A silent_after of the places file that is not listed as assumed is a promise, so a baseline may only be shorter. One that
// is assumed, or is not there, holds until the baseline is known; closed hours do not count against it either, as far as
// they go beyond the default.
func Tolerated(p *place.Place, h *Baseline, t time.Time) (silence time.Duration, learned bool) {
	local := t.In(p.Zone)
	if d := h.at(local); d > 0 && !(p.SilentAfterIsMax && d > p.SilentAfter) {
		return d, true
	}
	if p.SilentAfterIsMax || p.Calendar == nil {
		return p.SilentAfter, false
	}
	closed := byTheClock(p.Calendar, hourOfWeek(local), min(p.SilentAfter, place.DefaultSilentAfter))
	return max(p.SilentAfter, since(local, closed)), false
}

func (h *Baseline) at(local time.Time) time.Duration {
	if h == nil || h.hours[hourOfWeek(local)] == 0 {
		return 0
	}
	return since(local, h.hours[hourOfWeek(local)])
}

// since is the time since the local clock showed d less. The night in which clocks go back is an hour longer, and the
// silence of that night with it; no night is taken for shorter.
func since(local time.Time, d time.Duration) time.Duration {
	y, m, day := local.Date()
	then := time.Date(y, m, day, local.Hour(), local.Minute(), local.Second()-int(d/time.Second), local.Nanosecond(), local.Location())
	return max(d, local.Sub(then))
}

// byTheClock is how far back a silence reaches that began so much open time before, seen from the beginning or the end
// of an hour of the week, whichever is longer: for all of the hour the answer is one. Hours count whole.
func byTheClock(c *place.Calendar, hour int, open time.Duration) time.Duration {
	if c == nil {
		return open
	}
	const longest = 4 * hoursOfWeek
	back := func(end int) int {
		for n, left := 0, open; ; n++ {
			if left <= 0 || n == longest {
				return n
			}
			left -= openTime(c, end-n-1)
		}
	}
	return time.Duration(max(back(hour), back(hour+1))) * time.Hour
}

// openTime is how much of an hour is open; hours go on before and after the week.
func openTime(c *place.Calendar, hour int) time.Duration {
	if c == nil {
		return time.Hour
	}
	hour = ((hour % hoursOfWeek) + hoursOfWeek) % hoursOfWeek
	from := hour % 24 * 60
	return time.Duration(c.OpenMinutes(time.Weekday(hour/24), from, from+60)) * time.Minute
}

// Usual is the longest of the values that three quarters of them do not exceed (the upper quartile, by nearest rank): the
// rest may be outages of any length without moving it.
func Usual(values []time.Duration) time.Duration {
	if len(values) == 0 {
		return 0
	}
	slices.Sort(values)
	return values[(3*len(values)+3)/4-1]
}
