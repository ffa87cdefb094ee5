// Package reliability says how far one can rely on a time: which share of trucks is within a target, how much time to allow, whether that would
// have been enough, and for how long nobody waited beyond the target.
//
// It promises that what a truck would have been told on arrival is made of trucks that had been released by then, and that all shares
// follow the quantiles of the product: if at least 90 % are within a target, P90 is within it, and the other way round. It refuses to say anything of
// fewer than 20 trucks, and it never takes unknown for zero.
//
// # Sketches
//
// Times come in sketches by local day, since those of the table windows cost a few hundred rows for a BCP however many visits there are. A
// time counts on the day on which it ends: on the day of arrival the times of trucks that are still waiting are missing, and those are the long
// ones. So "the last 30 days" are the trucks released in them.
//
// Only the question whether the time was enough needs the day of arrival, which windows do not have. It is answered from visits: of the
// trucks released in the last 30 days, a sketch for each local date of arrival, which is a scan of two or three months of visits once a
// day. A sketch loses nothing here: a time and a P95 are compared by their bins.
//
// The P95 that a truck knows on arrival is that of the 30 local days before the date of its arrival. The day itself is left out, because its
// sketch also has trucks that were released later.
//
// The package is pure: it is given sketches, instants and dates.
package reliability

import (
	"slices"
	"time"

	"dwell/metrics/window"
)

const (
	// Days is how many local days are looked back.
	Days = 30
	// Least is how many trucks are needed. Of fewer, P95 by nearest rank is the longest time and no quantile.
	Least = 20
)

// Day is the times that ended on one local day. Several of one date, such as of two directions, are added up.
type Day struct {
	// Date is the local date at midnight UTC, as time.Parse(time.DateOnly, ...) gives it.
	Date time.Time
	// Ms is the sum of the times, in milliseconds.
	Ms   int64
	Bins window.Bins
}

// Arrivals are times of trucks that arrived on one local date.
type Arrivals struct {
	Date time.Time
	Bins window.Bins
}

// Allow is how much time to allow, by the trucks released on the 30 local days before a date. Times are in seconds, and nil of fewer than
// Least trucks.
type Allow struct {
	// From is the first day, Until the date before which the last one is.
	From, Until time.Time
	// N is of how many trucks the times are, and Known on how many of the days any were released.
	N     int64
	Known int
	// P95 is the time to allow: of 20 trucks, 19 needed no more. It is within window.RelativeError of the exact one.
	P95 *float64
	// Mean is exact. Buffer is how much more than the mean to allow, as a share of the mean; nil also if that is zero.
	Mean, Buffer *float64
	// Enough are the trucks for which the P95 of the 30 days before their arrival was enough. Its N are the trucks that could know one.
	Enough Share
	// Unjudged are those that could not, because fewer than Least trucks had been released in those days.
	Unjudged int64
}

// TimeToAllow is that on the date until, which does not count itself. Days are needed from 30 days before the first arrival, and arrived are
// the trucks released in the window by their date of arrival. Both are in any order.
func TimeToAllow(days []Day, arrived []Arrivals, until time.Time) Allow {
	days = slices.SortedFunc(slices.Values(days), func(a, b Day) int { return a.Date.Compare(b.Date) })
	arrived = slices.SortedFunc(slices.Values(arrived), func(a, b Arrivals) int { return a.Date.Compare(b.Date) })

	a := Allow{From: until.AddDate(0, 0, -Days), Until: until}
	before := looksBack{days: days}
	var enough, judged int64
	for _, of := range arrived {
		n := count(of.Bins)
		if told := p95(before.of(of.Date)); told != nil {
			judged, enough = judged+n, enough+within(of.Bins, *told)
		} else {
			a.Unjudged += n
		}
	}
	a.Enough = ShareOf(enough, judged)

	last := looksBack{days: days}
	bins := last.of(until)
	a.N, a.P95, a.Known = count(bins), p95(bins), last.known()
	if a.P95 == nil {
		return a
	}
	mean := float64(last.ms) / 1000 / float64(a.N)
	a.Mean = &mean
	if mean > 0 {
		buffer := (*a.P95 - mean) / mean
		a.Buffer = &buffer
	}
	return a
}

// p95 is nil of fewer than Least trucks.
func p95(bins window.Bins) *float64 {
	if count(bins) < Least {
		return nil
	}
	seconds := bins.Quantile(0.95)
	return &seconds
}

// looksBack adds up the 30 days before a date, and before later ones.
type looksBack struct {
	days        []Day // in order
	first, next int   // of those that are added up
	bins        window.Bins
	ms          int64
}

// of is the sketch of the days before a date, which is not before that of the last call.
func (l *looksBack) of(date time.Time) window.Bins {
	for ; l.next < len(l.days) && l.days[l.next].Date.Before(date); l.next++ {
		l.add(&l.days[l.next], +1)
	}
	for ; l.first < l.next && l.days[l.first].Date.Before(date.AddDate(0, 0, -Days)); l.first++ {
		l.add(&l.days[l.first], -1)
	}
	return l.bins
}

func (l *looksBack) add(d *Day, sign int32) {
	for _, b := range d.Bins {
		l.bins = l.bins.Add(b.Index, sign*b.Count)
	}
	l.ms += int64(sign) * d.Ms
}

// known is on how many of the days there were trucks.
func (l *looksBack) known() (n int) {
	var last time.Time
	for _, d := range l.days[l.first:l.next] {
		if len(d.Bins) > 0 && !d.Date.Equal(last) {
			n, last = n+1, d.Date
		}
	}
	return n
}

func count(bins window.Bins) (n int64) {
	for _, b := range bins {
		n += int64(b.Count)
	}
	return n
}
