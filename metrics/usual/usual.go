// Package usual says what is usual at a BCP in each hour of its local week, how far from that a value is, and whether it is a spike.
//
// It promises rules that can be checked by hand: median and quartiles of the last eight weeks, at the hour and the two beside it, without
// the present day; and a spike that neither begins nor ends with a single value. It refuses to say what is usual from less than four
// weeks, and it refuses to guess: hours that are not known, because the BCP was closed or nothing was heard of it, are not given to it.
//
// The package is pure: it is given values and instants.
package usual

import (
	"math"
	"slices"
	"time"
)

const (
	// Hours is the number of hours of a week.
	Hours = 7 * 24
	// weeks is how many of them are looked back, and Enough how many must be known.
	weeks  = 8
	Enough = 4
)

// Value is that of a local hour which is known, or of the instant at which the hour begins.
type Value struct {
	Start time.Time
	X     float64
}

// Hour is what is usual in one hour of the week.
type Hour struct {
	// P25, Median and P75 are of the hour and the two beside it. They are those of R's type 7, which interpolates.
	P25, Median, P75 float64
	// Weeks is how many of the last eight the hour itself was known in; with fewer than Enough, nothing is usual.
	Weeks int
}

// Known reports whether enough weeks are known.
func (h *Hour) Known() bool { return h.Weeks >= Enough }

// Week is what is usual in the hours of a local week, from Sunday midnight.
type Week struct {
	Hours [Hours]Hour
	// Spread is the interquartile range of the differences between all values of the weeks and the medians of their hours.
	Spread float64
}

// HourOf is which hour of the local week an instant is in.
func HourOf(t time.Time, zone *time.Location) int {
	local := t.In(zone)
	return int(local.Weekday())*24 + local.Hour()
}

// From is the first instant that Learn looks back to, and Until the end: the beginning of the present local day.
func From(zone *time.Location, now time.Time) (from, until time.Time) {
	y, m, d := now.In(zone).Date()
	return time.Date(y, m, d-7*weeks, 0, 0, 0, 0, zone), time.Date(y, m, d, 0, 0, 0, 0, zone)
}

// Learn makes a week of the values of the last eight weeks, in any order; others it leaves out.
func Learn(zone *time.Location, values []Value, now time.Time) *Week {
	from, until := From(zone, now)
	var of [Hours][]float64
	var known [Hours]uint8 // a bit for each week
	for _, v := range values {
		if v.Start.Before(from) || !v.Start.Before(until) {
			continue
		}
		hour := HourOf(v.Start, zone)
		of[hour] = append(of[hour], v.X)
		known[hour] |= 1 << (daysBetween(v.Start.In(zone), until) / 7)
	}
	w := &Week{}
	for hour := range w.Hours {
		h := &w.Hours[hour]
		for bits := known[hour]; bits > 0; bits &= bits - 1 {
			h.Weeks++
		}
		if !h.Known() {
			continue
		}
		near := slices.Concat(of[(hour+Hours-1)%Hours], of[hour], of[(hour+1)%Hours])
		slices.Sort(near)
		h.P25, h.Median, h.P75 = quantile(near, 0.25), quantile(near, 0.5), quantile(near, 0.75)
	}
	var differences []float64
	for hour := range of {
		if h := &w.Hours[hour]; h.Known() {
			for _, x := range of[hour] {
				differences = append(differences, x-h.Median)
			}
		}
	}
	slices.Sort(differences)
	w.Spread = quantile(differences, 0.75) - quantile(differences, 0.25)
	return w
}

// daysBetween is how many whole local days lie between the day of an instant before until and the day before until.
func daysBetween(local, until time.Time) int {
	date := func(t time.Time) int64 {
		y, m, d := t.Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / 86400
	}
	return int(date(until) - date(local) - 1)
}

// quantile is that of values in order, by R's type 7; zero without values.
func quantile(values []float64, q float64) float64 {
	if len(values) == 0 {
		return 0
	}
	at := q * float64(len(values)-1)
	below := int(at)
	above := min(below+1, len(values)-1)
	return values[below] + (at-float64(below))*(values[above]-values[below])
}

// At is what is usual at an instant: in its hour, or for what is measured at instants between the begins of two hours, where it can be much in the hour
// after a BCP has opened.
func (w *Week) At(t time.Time, zone *time.Location, instants bool) Hour {
	of := HourOf(t, zone)
	h, next := w.Hours[of], w.Hours[(of+1)%Hours]
	if !instants || !h.Known() || !next.Known() {
		return h
	}
	local := t.In(zone)
	part := float64(local.Minute()*60+local.Second()) / 3600
	between := func(a, b float64) float64 { return a + part*(b-a) }
	return Hour{P25: between(h.P25, next.P25), Median: between(h.Median, next.Median), P75: between(h.P75, next.P75), Weeks: min(h.Weeks, next.Weeks)}
}

// Deviation is how far x is from what is usual: in interquartile ranges of the hour, or of all differences, or in floors, whichever is
// largest. Eight values alone have a small range by chance often enough to give several false spikes a month.
func (w *Week) Deviation(h Hour, x, floor float64) float64 {
	return (x - h.Median) / math.Max(floor, math.Max(h.P75-h.P25, w.Spread))
}
