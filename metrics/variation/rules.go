package variation

// Rule is one by which a day is signalled. It is met on the last of the days that it is about.
type Rule string

// The rules, in the order in which they are listed.
const (
	// Beyond is a day beyond a limit.
	Beyond Rule = "beyond"
	// Eight are eight days in a row on one side of the centre line; a day on the line is on neither side.
	Eight Rule = "eight"
	// Six are six days in a row, each higher than the one before, or each lower.
	Six Rule = "six"
	// TwoOfThree is a day beyond two thirds of the way to a limit, as is one of the two days before it on the same side.
	TwoOfThree Rule = "two_of_three"
)

// judge says which rules the last of the values breaks, and to which side. The level of the values decides the side, and not whether they
// rise or fall, unless that is all there is: a wait that has been low for eight days is low although it rises. The other rules never
// contradict one another, because the last day itself is on their side.
func judge(values []float64, l *Limits) (rules []Rule, side int) {
	last := values[len(values)-1]
	third := (l.Upper - l.Centre) * 2 / 3
	met := func(r Rule, up, down, level bool) {
		if !up && !down {
			return
		}
		rules = append(rules, r)
		if level || side == 0 {
			side = 1
			if down {
				side = -1
			}
		}
	}
	met(Beyond, last > l.Upper, last < l.Lower, true)
	met(Eight,
		inARow(values, 8, func(i int) bool { return values[i] > l.Centre }),
		inARow(values, 8, func(i int) bool { return values[i] < l.Centre }), true)
	met(Six,
		inARow(values, 6-1, func(i int) bool { return i > 0 && values[i] > values[i-1] }),
		inARow(values, 6-1, func(i int) bool { return i > 0 && values[i] < values[i-1] }), false)
	near := values[max(0, len(values)-3) : len(values)-1]
	twice := func(beyond func(v float64) bool) bool {
		for _, v := range near {
			if beyond(v) {
				return beyond(last)
			}
		}
		return false
	}
	met(TwoOfThree,
		twice(func(v float64) bool { return v > l.Centre+third }),
		twice(func(v float64) bool { return v < l.Centre-third }), true)
	return rules, side
}

// inARow reports whether something is so of the last n values.
func inARow(values []float64, n int, so func(i int) bool) bool {
	for i := len(values) - n; i < len(values); i++ {
		if i < 0 || !so(i) {
			return false
		}
	}
	return true
}
