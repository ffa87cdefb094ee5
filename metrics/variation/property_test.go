package variation_test

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"slices"
	"testing"
	"time"

	"dwell/metrics/variation"
)

// anySeries has gaps, days of few trucks, equal values and shifts, and changes on any dates.
func anySeries(rnd *rand.Rand) (days []variation.Day, changes []time.Time) {
	at, level := first, 0.0
	for range rnd.IntN(160) {
		at = at.AddDate(0, 0, 1+rnd.IntN(8)/7*rnd.IntN(9))
		if rnd.IntN(20) == 0 {
			level = rnd.NormFloat64() * 3
		}
		days = append(days, variation.Day{Date: at, Value: math.Round(4*(level+rnd.NormFloat64())) / 4, N: int64(17 + rnd.IntN(40))})
	}
	for range rnd.IntN(4) {
		changes = append(changes, first.AddDate(0, 0, rnd.IntN(220)-20))
	}
	return days, changes
}

// oracle judges a single day with everything from the beginning: it finds the days of the same process by comparing each with each change, and puts
// rules into words of their own.
func oracle(days []variation.Day, changes []time.Time, of int) (limits *variation.Limits, rules map[variation.Rule]int) {
	process := func(d time.Time) (n int) {
		for _, c := range changes {
			if !d.Before(c) {
				n++
			}
		}
		return n
	}
	var known []float64
	for i := range of + 1 {
		if days[i].N >= 20 && process(days[i].Date) == process(days[of].Date) {
			known = append(known, days[i].Value)
		}
	}
	if days[of].N < 20 || len(known)-1 < 14 {
		return nil, nil
	}
	learned := known[:min(28, len(known)-1)]
	var sum, moved float64
	for i, v := range learned {
		sum += v
		if i > 0 {
			moved += math.Abs(v - learned[i-1])
		}
	}
	n := float64(len(learned))
	centre, sigma := sum/n, moved/(n-1)*2.66/3
	limits = &variation.Limits{Lower: centre - 3*sigma, Centre: centre, Upper: centre + 3*sigma, Days: len(learned)}
	rules = map[variation.Rule]int{}
	slices.Reverse(known) // the day is the first one
	for _, side := range []int{1, -1} {
		score := func(i int) float64 { return math.Round(float64(side)*(known[i]-centre)*1e9) / 1e9 }
		count := func(n int, so func(i int) bool) (all int) {
			for i := range min(n, len(known)) {
				if so(i) {
					all++
				}
			}
			return all
		}
		if score(0) > 3*sigma {
			rules[variation.Beyond] = side
		}
		if count(8, func(i int) bool { return score(i) > 0 }) == 8 {
			rules[variation.Eight] = side
		}
		if count(5, func(i int) bool { return i+1 < len(known) && score(i) > score(i+1) }) == 5 {
			rules[variation.Six] = side
		}
		if score(0) > 2*sigma && count(3, func(i int) bool { return score(i) > 2*sigma }) >= 2 {
			rules[variation.TwoOfThree] = side
		}
	}
	return limits, rules
}

// compare judges each day with the oracle, and counts judged days and the rules that they break.
func compare(t *testing.T, days []variation.Day, changes []time.Time, broken map[variation.Rule]int) (judged int) {
	t.Helper()
	for i, p := range variation.New(days, changes).Points {
		limits, rules := oracle(days, changes, i)
		if (limits == nil) != (p.Limits == nil) || limits != nil && (!equal(limits.Lower, p.Limits.Lower) || !equal(limits.Centre, p.Limits.Centre) ||
			!equal(limits.Upper, p.Limits.Upper) || limits.Days != p.Limits.Days) {
			t.Fatalf("%v: limits %+v, want %+v", p.Date, p.Limits, limits)
		}
		if limits != nil {
			judged++
		}
		side := 0
		for _, r := range p.Rules {
			if rules[r] == 0 {
				t.Fatalf("%v: %v, want %v", p.Date, p.Rules, rules)
			}
			broken[r]++
			if r != variation.Six || len(p.Rules) == 1 {
				side = rules[r]
			}
		}
		if len(p.Rules) != len(rules) || p.Side != side {
			t.Fatalf("%v: %v, side %d; want %v, side %d", p.Date, p.Rules, p.Side, rules, side)
		}
	}
	return judged
}

// equal allows for rounding.
func equal(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a)) }

func TestTheChartIsWhatBruteForceFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 4))
	judged, broken := 0, map[variation.Rule]int{}
	for range 300 {
		days, changes := anySeries(rnd)
		judged += compare(t, days, changes, broken)
	}
	if judged < 5000 || len(broken) != 4 || slices.Min(slices.Collect(maps.Values(broken))) < 10 {
		t.Errorf("%d days were judged, rules broken %v: too few to compare", judged, broken)
	}
}

func TestLaterDaysNeverChangeWhatWasSaid(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 5))
	for range 50 {
		days, changes := anySeries(rnd)
		all := variation.New(days, changes)
		for n := range days {
			if got := variation.New(days[:n], changes).Points; !reflect.DeepEqual(got, all.Points[:n]) {
				t.Fatalf("of %d days otherwise than of %d", n, len(days))
			}
		}
	}
}

// In minutes or in days, and as what remains of a week, values break the same rules. Only the sides of the latter are the other ones.
func TestUnitsDoNotMatter(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 6))
	for range 50 {
		days, changes := anySeries(rnd)
		want := variation.New(days, changes)
		for _, factor := range []float64{4, 1. / 64, -1} { // exact
			other := slices.Clone(days)
			for i := range other {
				other[i].Value = factor * other[i].Value
			}
			for i, p := range variation.New(other, changes).Points {
				if w := want.Points[i]; !slices.Equal(p.Rules, w.Rules) || p.Signal != w.Signal || p.Side != cmp.Compare(factor, 0)*w.Side {
					t.Fatalf("times %v: %+v, want %+v", factor, p, w)
				}
			}
		}
	}
}

// autoregressive are days of which a part is left of the day before, with a standard deviation of 1.
func autoregressive(rnd *rand.Rand, n int, keep float64) []variation.Day {
	values := make([]float64, n)
	x := rnd.NormFloat64()
	for i := range values {
		values[i] = x
		x = keep*x + math.Sqrt(1-keep*keep)*rnd.NormFloat64()
	}
	return on(first, values...)
}

// The test makes series with a known autocorrelation; VARIATION_RUNS says how many, 200,000 for the table.
func TestTheTableOfFalseSignalsIsMeasured(t *testing.T) {
	runs := 2000
	_, _ = fmt.Sscan(os.Getenv("VARIATION_RUNS"), &runs)
	rnd := rand.New(rand.NewPCG(1, 1))
	for i, want := range variation.Expected {
		keep := -0.4 + 0.2*float64(i)
		var sum, squares, said float64
		for range runs {
			c := variation.New(autoregressive(rnd, 118, keep), nil)
			n := 0.0
			for _, p := range c.Points[28:] {
				if p.Signal {
					n++
				}
			}
			sum, squares, said = sum+n, squares+n*n, said+*c.Baselines[0].FalseSignals()
		}
		mean := sum / float64(runs)
		off := math.Sqrt((squares/float64(runs) - mean*mean) / float64(runs))
		t.Logf("autocorrelation %.1f: %.3f ± %.3f false signals in 90 days, the table says %.2f and baselines %.2f on average", keep, mean, off, want, said/float64(runs))
		if math.Abs(mean-want) > 4*off+0.01 {
			t.Errorf("autocorrelation %.1f: %.3f ± %.3f false signals, the table says %.2f", keep, mean, off, want)
		}
	}
}

func TestFalseSignalsAreReadFromTheTable(t *testing.T) {
	for r, want := range map[float64]float64{-1: 0.61, -0.4: 0.61, -0.2: 0.97, -0.1: (0.97 + 1.76) / 2, 0: 1.76, 0.2: 3.30, 0.3: (3.30 + 5.64) / 2, 0.4: 5.64, 0.8: 7.67, 1: 7.67} {
		biased := r - (1+4*r)/28
		if got := *(&variation.Baseline{Autocorrelation: &biased}).FalseSignals(); math.Abs(got-want) > 1e-9 {
			t.Errorf("autocorrelation %v: %v false signals, want %v", r, got, want)
		}
	}
	if got := (&variation.Baseline{}).FalseSignals(); got != nil {
		t.Errorf("without an autocorrelation: %v", *got)
	}
}
