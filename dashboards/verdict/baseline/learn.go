package baseline

import (
	"slices"
	"time"

	"dwell/ingest/place"
)

// Hour is an hour with N events.
type Hour struct {
	Start time.Time
	N     int64
}

const (
	weeks = 8
	// enough is how many of the weeks must be known.
	enough = 4
	// Back is how far back the history must reach: a week more, so that the first silence has a beginning.
	Back = (weeks + 1) * hoursOfWeek * time.Hour
)

// Learn makes a baseline of the events before now. All is by the local clock: an hour that clocks skip was silent, and
// one that they show twice is one.
//
// For each hour of the week and each week it takes the longest silence that was reached in that hour or the one before
// or after. Twice what is usual of these, in whole hours, is the baseline; never more than a week.
func Learn(p *place.Place, events []Hour, now time.Time) *Baseline {
	counts := map[int]int64{}
	for _, h := range events {
		counts[hourOf(h.Start, p.Zone)] += h.N
	}
	end := hourOf(now, p.Zone) // this hour is not over
	first := end - int(Back/time.Hour)
	reached := silences(p.Calendar, counts, first, end)

	h := &Baseline{zone: p.Zone}
	for of := range hoursOfWeek {
		var longest []time.Duration
		for hour := end - 1 - ((end-1-of)%hoursOfWeek+hoursOfWeek)%hoursOfWeek; hour > end-1-weeks*hoursOfWeek; hour -= hoursOfWeek {
			at := hour - first
			if d := slices.Max(reached[max(0, at-1):min(len(reached), at+2)]); reached[at] != unknown {
				longest = append(longest, d)
			}
		}
		if len(longest) < enough {
			continue
		}
		whole := max(time.Hour, (2*Usual(longest) + time.Hour - 1).Truncate(time.Hour))
		h.hours[of] = byTheClock(p.Calendar, of, min(whole, hoursOfWeek*time.Hour))
	}
	return h
}

// hourOf counts the hours that the local clock has shown, so that it is that of the week modulo hoursOfWeek.
func hourOf(t time.Time, zone *time.Location) int {
	local := t.In(zone)
	y, m, d := local.Date()
	days := int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400)
	return (days+epochWeekday)*24 + local.Hour()
}

// epochWeekday is that of 1 January 1970.
const epochWeekday = int(time.Thursday)

const unknown = time.Duration(-1)

// silences is for each hour of [first, end) the longest silence that was reached in it, closed time apart. It is
// unknown before the first event, and after a week of silence: that is an outage, and says nothing about an hour of
// the week.
func silences(c *place.Calendar, counts map[int]int64, first, end int) []time.Duration {
	all := make([]time.Duration, end-first)
	silence := unknown
	for i := range all {
		open := openTime(c, first+i)
		n := counts[first+i]
		if n == 0 {
			if silence != unknown {
				silence += open
			}
			all[i] = silence
		} else {
			gap := gapOf(n, open)
			all[i] = max(silence, 0) + gap
			silence = gap
		}
		if silence > hoursOfWeek*time.Hour {
			silence = unknown
			all[i] = unknown
		}
	}
	return all
}

// gapOf is how long the longest gap is that n things leave which come at random in an hour: the mean of the longest
// piece of a stick that is broken in n places, (1 + 1/2 + ... + 1/(n+1)) / (n+1) (H. A. David and H. N. Nagaraja, Order
// Statistics, 2003, section 6.4). The history has numbers of an hour, not their minutes.
func gapOf(n int64, open time.Duration) time.Duration {
	n = min(n, 1000)
	var sum float64
	for i := n + 1; i > 0; i-- {
		sum += 1 / float64(i)
	}
	return time.Duration(sum / float64(n+1) * float64(open))
}
