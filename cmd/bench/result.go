package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"dwell/cmd/bench/workload"
)

// windowKey identifies a result: a BCP and a minute, in minutes since the Unix epoch.
type windowKey struct {
	bcp    string
	minute int32
}

// answer is an engine's result for a BCP and a minute. Times are in milliseconds.
type answer struct {
	n             uint64
	sum           int64
	p50, p95, p99 float64
}

// result is all answers of an engine.
type result map[windowKey]answer

// tolerance is the largest accepted relative error of a quantile: that of dwell's sketch, and a little more.
const tolerance = 0.011

// differences lists the first errors in an engine's result, at most as many as most, in the order of the oracle. The list is
// empty if the result is correct.
func differences(truth []workload.Window, got result, most int) (all []string) {
	report := func(bcp string, minute int32, format string, args ...any) {
		if len(all) < most {
			all = append(all, fmt.Sprintf("%s minute %d: ", bcp, minute)+fmt.Sprintf(format, args...))
		}
	}
	known := make(map[windowKey]bool, len(truth))
	for _, w := range truth {
		at := windowKey{w.BCP, w.Minute}
		known[at] = true
		a, ok := got[at]
		switch {
		case !ok:
			report(w.BCP, w.Minute, "missing, want n %d", w.N)
		case a.n != w.N:
			report(w.BCP, w.Minute, "n is %d, want %d", a.n, w.N)
		case a.sum != w.Sum:
			report(w.BCP, w.Minute, "the sum is %d ms, want %d", a.sum, w.Sum)
		}
		if !ok {
			continue
		}
		for _, q := range []struct {
			name  string
			got   float64
			exact int64
		}{{"p50", a.p50, w.P50}, {"p95", a.p95, w.P95}, {"p99", a.p99, w.P99}} {
			if !(math.Abs(q.got-float64(q.exact)) <= tolerance*float64(q.exact)) { // negated, so that NaN is an error
				report(w.BCP, w.Minute, "%s is %.1f ms, want %d", q.name, q.got, q.exact)
			}
		}
	}
	var unexpected []windowKey
	for at := range got {
		if !known[at] {
			unexpected = append(unexpected, at)
		}
	}
	slices.SortFunc(unexpected, func(a, b windowKey) int {
		return cmp.Or(cmp.Compare(a.bcp, b.bcp), cmp.Compare(a.minute, b.minute))
	})
	for _, at := range unexpected {
		report(at.bcp, at.minute, "n is %d, but no truck was released", got[at].n)
	}
	return all
}

// sketch is a histogram: the number of durations in each logarithmic bin.
type sketch map[int]uint64

// scale returns the duration that represents a bin, in milliseconds.
type scale func(bin int) float64

// quantile returns the duration at rank ceil(q*n), as dwell's own sketch does.
func (s sketch) quantile(q float64, of scale) float64 {
	var n uint64
	bins := make([]int, 0, len(s))
	for bin, count := range s {
		bins = append(bins, bin)
		n += count
	}
	slices.Sort(bins)
	rank := max(1, uint64(math.Ceil(q*float64(n))))
	for _, bin := range bins {
		if count := s[bin]; count < rank {
			rank -= count
			continue
		}
		return of(bin)
	}
	return math.NaN()
}

// fill sets the quantiles of an answer from its sketch.
func (a *answer) fill(s sketch, of scale) {
	a.p50, a.p95, a.p99 = s.quantile(0.5, of), s.quantile(0.95, of), s.quantile(0.99, of)
}

// logarithmic returns the scale of bins whose upper bounds are gamma^bin units; the bin zero is for durations of zero.
func logarithmic(gamma float64, zero int, unit float64) scale {
	return func(bin int) float64 {
		if bin == zero {
			return 0
		}
		return 2 * math.Pow(gamma, float64(bin)) / (1 + gamma) * unit
	}
}
