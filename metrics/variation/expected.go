package variation

// expected is how many false signals 90 known days have on average after a baseline of Full days, by the autocorrelation of lag 1 from
// least on, in steps of step. Measured with New on 200,000 simulated series of 118 days each: stationary, normal, first-order
// autoregressive (PCG seed 1, 1). TestTheTableOfFalseSignalsIsMeasured measures it again. Above 0.6 there are not more signals, but
// longer ones.
var expected = [...]float64{0.61, 0.97, 1.76, 3.30, 5.64, 7.91, 7.67}

const (
	least = -0.4
	step  = 0.2
)

// FalseSignals is how many signals to expect in 90 known days in which nothing changes, by the table for the autocorrelation of the
// baseline; nil where that is not known. It is as uncertain as the autocorrelation of 28 days, whose standard error is 0.18. That of so few
// days is too low on average, by (1 + 4r)/28 where r is the true one (Marriott and Pope 1954, Kendall 1954), which is made up for.
//
// The table is of days that differ by chance alone. Where days of rest differ from others every week there can be more: simulated medians of
// release times, of whose variance seven tenths lie between weekdays, have 2.9 false signals where this says 1.7.
func (b *Baseline) FalseSignals() *float64 {
	if b.Autocorrelation == nil {
		return nil
	}
	n := between((Full**b.Autocorrelation + 1) / (Full - 4))
	return &n
}

// between interpolates the table; beyond its ends it is as at its ends.
func between(r float64) float64 {
	at := min(max((r-least)/step, 0), float64(len(expected)-1))
	below := min(int(at), len(expected)-2)
	return expected[below] + (at-float64(below))*(expected[below+1]-expected[below])
}

// autocorrelation is that of lag 1: of each value with the next one; nil where all are equal.
func autocorrelation(values []float64) *float64 {
	m := mean(values)
	var with, squares float64
	for i, v := range values {
		squares += (v - m) * (v - m)
		if i > 0 {
			with += (v - m) * (values[i-1] - m)
		}
	}
	if squares == 0 {
		return nil
	}
	r := with / squares
	return &r
}
