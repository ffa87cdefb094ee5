package variation_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"dwell/metrics/variation"
)

// first is the local date on which the series of the tests begin.
var first = date("2026-03-20")

func date(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// on makes days in a row, each of 30 trucks.
func on(from time.Time, values ...float64) (days []variation.Day) {
	for i, v := range values {
		days = append(days, variation.Day{Date: from.AddDate(0, 0, i), Value: v, N: 30})
	}
	return days
}

// quiet are values of 9 and 11 hours in turn: their mean is 10, their moving range 2, and their limits 4.68 and 15.32.
func quiet(n int) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = 9 + float64(i%2*2)
	}
	return values
}

// after are the points of the days after four quiet weeks.
func after(values ...float64) []variation.Point {
	return variation.New(on(first, append(quiet(28), values...)...), nil).Points[28:]
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

func TestLimitsCanBeCheckedByHand(t *testing.T) {
	c := variation.New(on(first, append(quiet(28), 10, 15.32, 4.68)...), nil)
	for i, p := range c.Points[28:] {
		if l := p.Limits; !near(l.Lower, 4.68) || l.Centre != 10 || !near(l.Upper, 15.32) || l.Days != 28 || l.Provisional() {
			t.Errorf("limits of day %d: %+v", i, l)
		}
	}
	if b := c.Baselines; len(b) != 1 || b[0].From != first || b[0].Days != 28 || !near(*b[0].Autocorrelation, -27./28) {
		t.Errorf("baselines %+v", b)
	}
}

// Each story is of the days after four weeks of 9 and 11 hours in turn, the last of which had 11 hours. It says which rules each day breaks.
func TestRules(t *testing.T) {
	type rules = []variation.Rule
	const beyond, eight, six, two = variation.Beyond, variation.Eight, variation.Six, variation.TwoOfThree
	for name, story := range map[string]struct {
		values []float64
		want   []rules
		side   int // of the last day
	}{
		"a day just beyond the upper limit":           {[]float64{15.33}, []rules{{beyond}}, 1},
		"a day just beyond the lower limit":           {[]float64{4.67}, []rules{{beyond}}, -1},
		"a day just within":                           {[]float64{15.31}, []rules{nil}, 0},
		"eight days above with the last quiet one":    {[]float64{11, 11, 11, 11, 11, 11, 11, 11}, []rules{nil, nil, nil, nil, nil, nil, {eight}, {eight}}, 1},
		"eight days below":                            {[]float64{9, 9, 9, 9, 9, 9, 9, 9, 11}, []rules{nil, nil, nil, nil, nil, nil, nil, {eight}, nil}, 0},
		"a day on the centre line ends a row":         {[]float64{11, 11, 11, 11, 10, 11, 11, 11, 11}, make([]rules, 9), 0},
		"six days, each higher than the one before":   {[]float64{9, 9.5, 10, 10.5, 11, 11.5}, []rules{nil, nil, nil, nil, nil, {six}}, 1},
		"a fall of six days begins with a quiet one":  {[]float64{10.9, 10.8, 10.7, 10.6, 10.5}, []rules{nil, nil, nil, nil, {six}}, -1},
		"two equal days are no fall":                  {[]float64{10.9, 10.8, 10.8, 10.7, 10.6}, make([]rules, 5), 0},
		"two of three days beyond two thirds":         {[]float64{13.55, 10, 13.55}, []rules{nil, nil, {two}}, 1},
		"two in a row, then back":                     {[]float64{6.45, 6.45, 10}, []rules{nil, {two}, nil}, 0},
		"one on each side":                            {[]float64{13.55, 6.45}, []rules{nil, nil}, 0},
		"one within two thirds":                       {[]float64{13.54, 13.55}, []rules{nil, nil}, 0},
		"two of four days beyond two thirds":          {[]float64{13.55, 10, 10, 13.55}, make([]rules, 4), 0},
		"two days, one of them beyond the limit":      {[]float64{4, 6}, []rules{{beyond}, {two}}, -1},
		"it rises, but it has been low for long":      {[]float64{9, 9, 5.1, 5.2, 5.3, 5.4, 5.5, 9.9}, []rules{nil, nil, nil, {two}, {two}, {two}, {two}, {eight, six}}, -1},
		"it rises to beyond two thirds of the limit":  {[]float64{9, 10, 10.5, 11, 13.55, 13.6}, []rules{nil, nil, nil, nil, nil, {six, two}}, 1},
		"it rises from two thirds and is still below": {[]float64{5, 5.1}, []rules{nil, {two}}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			points := after(story.values...)
			for i, p := range points {
				if !slices.Equal(p.Rules, story.want[i]) {
					t.Errorf("day %d of %v: %v, want %v", i+1, p.Value, p.Rules, story.want[i])
				}
			}
			if side := points[len(points)-1].Side; side != story.side {
				t.Errorf("side %d, want %d", side, story.side)
			}
		})
	}
}

// Trucks wait for 20 hours during three days, and later for a day again. A Friday between the first days has few trucks.
func TestARunOfSignalledDaysIsOneSignal(t *testing.T) {
	days := on(first, append(quiet(28), 20, 20, 20, 20, 10, 20)...)
	days[29].N = 19
	c := variation.New(days, nil)
	var signals []int
	for i, p := range c.Points {
		if p.Signal {
			signals = append(signals, i)
		}
	}
	if !slices.Equal(signals, []int{28, 33}) {
		t.Errorf("signals on days %v, want 28 and 33", signals)
	}
	if p := c.Points[29]; p.Value != 20 || p.N != 19 || p.Limits != nil || p.Rules != nil {
		t.Errorf("a day of few trucks is judged: %+v", p)
	}
}

// Four weeks of 9 and 11 hours lie among days of few trucks and days of which nothing is known.
func TestMissingDaysAreLeftOut(t *testing.T) {
	var days []variation.Day
	for i, v := range quiet(28) {
		at := first.AddDate(0, 0, 3*i)
		days = append(days, variation.Day{Date: at, Value: v, N: 20}, variation.Day{Date: at.AddDate(0, 0, 1), Value: 1000, N: 19})
	}
	c := variation.New(days, nil)
	if l := c.Baselines[0].Limits; l.Centre != 10 || !near(l.Upper, 15.32) || l.Days != 28 {
		t.Errorf("limits %+v", l)
	}
}

// A scanner makes everything twice as fast from the 30th day on. With the annotation there is no signal, and the chart says that the new limits
// are provisional until there are four weeks again.
func TestAChangeOfProcessBeginsANewBaseline(t *testing.T) {
	half := quiet(40)
	for i := range half {
		half[i] /= 2
	}
	days := on(first, append(quiet(29), half...)...)
	changed := first.AddDate(0, 0, 29)
	if p := variation.New(days, nil).Points[29]; !p.Signal || p.Side != -1 {
		t.Errorf("without an annotation the first day is %+v", p)
	}
	c := variation.New(days, []time.Time{changed, changed.AddDate(1, 0, 0)})
	if len(c.Baselines) != 2 || c.Baselines[1].From != changed || c.Baselines[1].Limits.Centre != 5 || c.Baselines[0].Limits.Centre != 10 {
		t.Fatalf("baselines %+v", c.Baselines)
	}
	for i, p := range c.Points[29:] {
		switch {
		case p.Baseline != 1 || p.Rules != nil:
			t.Errorf("day %d of the new process: %+v", i, p)
		case i < 14 && p.Limits != nil:
			t.Errorf("day %d has limits of %d days", i, p.Limits.Days)
		case i >= 14 && (p.Limits.Days != min(i, 28) || p.Limits.Provisional() != (i < 28)):
			t.Errorf("day %d: limits %+v", i, p.Limits)
		}
	}
}

// The last day of the old process is signalled, and so is the first day of the new one that has limits. Those are two signals.
func TestARunOfSignalledDaysEndsWithTheProcess(t *testing.T) {
	days := append(on(first, append(quiet(28), 20)...), on(first.AddDate(0, 0, 29), append(quiet(14), 20)...)...)
	c := variation.New(days, []time.Time{first.AddDate(0, 0, 29)})
	for _, i := range []int{28, 43} {
		if !c.Points[i].Signal {
			t.Errorf("day %d is no signal: %+v", i, c.Points[i])
		}
	}
}

// A change on a day of which nothing is known begins with the next day, and of two of them only the second one counts.
func TestAChangeWithoutDaysHasNoBaseline(t *testing.T) {
	days := on(first, quiet(20)...)
	days = append(days, on(first.AddDate(0, 0, 30), quiet(20)...)...)
	c := variation.New(days, []time.Time{first.AddDate(0, 0, 25), first.AddDate(0, 0, 22), first.AddDate(0, 0, -5)})
	if b := c.Baselines; len(b) != 2 || b[0].From != first.AddDate(0, 0, -5) || b[1].From != first.AddDate(0, 0, 25) || b[1].Days != 20 {
		t.Errorf("baselines %+v", b)
	}
}

func TestValuesThatNeverDifferAreNoSignal(t *testing.T) {
	same := make([]float64, 60)
	for i := range same {
		same[i] = 0.1
	}
	c := variation.New(on(first, append(same, 0.2)...), nil)
	for i, p := range c.Points[:60] {
		if p.Rules != nil {
			t.Fatalf("day %d: %+v", i, p)
		}
	}
	if p := c.Points[60]; !p.Signal {
		t.Errorf("the first other value is no signal: %+v", p)
	}
	if b := c.Baselines[0]; b.Autocorrelation != nil || b.FalseSignals() != nil {
		t.Errorf("equal values have an autocorrelation of %v", *b.Autocorrelation)
	}
}

func TestWithoutDaysNothingIsKnown(t *testing.T) {
	c := variation.New(nil, []time.Time{first})
	if len(c.Points) != 0 || len(c.Baselines) != 0 || c.Variation(variation.Lower) != nil || c.Assurance(variation.Lower, 1) != nil {
		t.Errorf("%+v", c)
	}
}
