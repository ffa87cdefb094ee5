// Package variation tells signal from noise in the daily values of one measure: it makes an XmR chart (Wheeler), and says what
// variation there is and whether a target will be met.
//
// It promises that a day is judged by limits that were known before it, so that later days never change what was said of it; that
// limits which are known are kept until somebody names a change of process; and that the number of false signals to expect stands
// beside them. It refuses to draw limits from less than two weeks, to judge days of few trucks, and to say anything of a single step
// from one day to the next.
//
// "Before" and "in a row" are always about known days: what is missing in between is left out. Rules look back to the last change and
// no further.
//
// The package is pure: it is given values and dates.
package variation

import (
	"slices"
	"time"
)

const (
	// Full is how many known days a baseline is learned from.
	Full = 28
	// Least is how many it needs to be shown, provisionally. Two weeks have each weekday twice. Limits of so few days give 2.7 false
	// signals in 90 days where days are independent; those of four weeks give 1.8, and those of one week would give 4.3.
	Least = 14
	// Trucks is how many trucks a day needs for its value to be known.
	Trucks = 20
)

// Day is the value of one local day.
type Day struct {
	// Date is the local date at midnight UTC, as time.Parse(time.DateOnly, ...) gives it.
	Date  time.Time
	Value float64
	// N is of how many trucks it is the value. With fewer than Trucks it is shown and not judged.
	N int64
}

// Limits are the natural limits of a process: mean ± 2.66 mean moving ranges of the days that they are learned from. The lower one of a
// time may be below zero; then no value can be beyond it.
type Limits struct {
	Lower, Centre, Upper float64
	// Days are how many known days they are learned from, at most Full.
	Days int
}

// Provisional reports whether there are fewer days than a baseline should have, so that the limits will be others tomorrow.
func (l *Limits) Provisional() bool { return l.Days < Full }

// Point is a day in the chart.
type Point struct {
	Day
	// Baseline is the index of the one that the day belongs to.
	Baseline int
	// Limits are those that the day is judged by, learned from the days of its baseline before it; nil where those are fewer than
	// Least or where the day has few trucks.
	Limits *Limits
	// Rules are those that the day breaks, in the order of their list: the day is signalled if there is one.
	Rules []Rule
	// Side is 1 if they say that values are higher than they were, -1 if lower, and 0 of a day without a signal.
	Side int
	// Signal says that this is the first day of a run of signalled days. Only these are counted.
	Signal bool
}

// Baseline is what a process was like after it had begun.
type Baseline struct {
	// From is the date of the change with which it begins, or of the first day.
	From time.Time
	// Days are how many known days it is learned from: the first ones, at most Full.
	Days int
	// Limits are those of all these days, which the next day will be judged by; nil where they are fewer than Least.
	Limits *Limits
	// Autocorrelation is that of lag 1 of these days; nil where they are fewer than Full, or all equal.
	Autocorrelation *float64
}

// Chart is an XmR chart as of its last day.
type Chart struct {
	// Points are all days that were given.
	Points []Point
	// Baselines are in the order of time; the last one is in force.
	Baselines []Baseline
}

// New makes a chart of days that are ordered by date, each date at most once and with gaps where nothing is known. With each of the
// changes, in any order, a new process begins on that local date. Those after the last day have not begun. Without a change the first days
// are the baseline: for 90 days, give the four weeks before as well. Limits are kept if the series always begins on the same day.
func New(days []Day, changes []time.Time) *Chart {
	c := &Chart{Points: make([]Point, len(days))}
	changes = slices.SortedFunc(slices.Values(changes), time.Time.Compare)
	var known []float64 // since the last change
	signalled := false
	for i, d := range days {
		from, begins := d.Date, i == 0
		for len(changes) > 0 && !changes[0].After(d.Date) {
			from, begins = changes[0], true
			changes = changes[1:]
		}
		if begins {
			c.Baselines = append(c.Baselines, Baseline{From: from})
			known, signalled = known[:0], false
		}
		p, b := &c.Points[i], &c.Baselines[len(c.Baselines)-1]
		*p = Point{Day: d, Baseline: len(c.Baselines) - 1}
		if d.N < Trucks {
			continue
		}
		known = append(known, d.Value)
		if p.Limits = b.Limits; p.Limits != nil {
			p.Rules, p.Side = judge(known, p.Limits)
			p.Signal = len(p.Rules) > 0 && !signalled
			signalled = len(p.Rules) > 0
		}
		if b.Days < Full {
			b.learn(known)
		}
	}
	return c
}

// learn makes the baseline of the known days so far.
func (b *Baseline) learn(known []float64) {
	b.Days = len(known)
	if b.Days >= Least {
		l := limits(known)
		b.Limits = &l
	}
	if b.Days == Full {
		b.Autocorrelation = autocorrelation(known)
	}
}

// perRange is 3/d2: a moving range of two is on average d2 = 1.128 standard deviations.
const perRange = 2.66

func limits(values []float64) Limits {
	var ranges float64
	for i := range values[1:] {
		ranges += max(values[i], values[i+1]) - min(values[i], values[i+1])
	}
	centre, width := mean(values), perRange*ranges/float64(len(values)-1)
	return Limits{Lower: centre - width, Centre: centre, Upper: centre + width, Days: len(values)}
}

// mean is exact where all values are equal, so that none of them is beside it.
func mean(values []float64) float64 {
	var off float64
	for _, v := range values {
		off += v - values[0]
	}
	return values[0] + off/float64(len(values))
}
