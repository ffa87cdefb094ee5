package variation_test

import (
	"fmt"
	"math"
	"os"
	"slices"
	"testing"
	"time"

	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/variation"
)

const (
	// filling is how many days a simulated border fills up, before its days count.
	filling = 14
	judged  = 90
)

// statistics are those of the release times of a day that a target can be about, by nearest rank.
var statistics = map[string]float64{"p50": 0.5, "p90": 0.9}

// series are the daily values of one statistic at a BCP in one direction.
type series struct {
	place, direction, statistic string
	days                        []variation.Day
}

// quietDays simulates BCPs at which nothing happens, and reads the release times of each local day on which trucks were released.
func quietDays(tb testing.TB, seed uint64) (all []series) {
	tb.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		tb.Fatal(err)
	}
	cfg := simulator.Config{Places: book, From: first, Until: first.AddDate(0, 0, filling+variation.Full+judged+1), Seed: seed}
	for i := range book.Places {
		cfg.Scenario.Variations = append(cfg.Scenario.Variations, simulator.Quiet(book.Places[i].ID))
	}
	truths, err := simulator.Truths(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	type key struct{ place, direction, date string }
	times := map[key][]float64{}
	for l := range truths {
		if l.Arrived != nil && l.Released != nil {
			released := time.UnixMilli(*l.Released).In(book.Place(l.BCP).Zone)
			k := key{l.BCP, l.Direction, released.Format(time.DateOnly)}
			times[k] = append(times[k], float64(*l.Released-*l.Arrived)/1000)
		}
	}
	for i := range book.Places {
		for _, direction := range []string{"inbound", "outbound"} {
			for statistic, q := range statistics {
				s := series{place: book.Places[i].ID, direction: direction, statistic: statistic}
				for day := filling; day < filling+variation.Full+judged; day++ {
					at := first.AddDate(0, 0, day)
					if of := times[key{s.place, direction, at.Format(time.DateOnly)}]; len(of) > 0 {
						slices.Sort(of)
						s.days = append(s.days, variation.Day{Date: at, Value: of[int(math.Ceil(q*float64(len(of))))-1], N: int64(len(of))})
					}
				}
				all = append(all, s)
			}
		}
	}
	return all
}

// known are the values of the days that have enough trucks.
func known(days []variation.Day) (values []float64) {
	for _, d := range days {
		if d.N >= variation.Trucks {
			values = append(values, d.Value)
		}
	}
	return values
}

// In 90 quiet days there are at most six false signals on average, and a shift by two standard deviations is found within ten days in 90 of 100. The
// baseline is learned before. Each chart is the one that brute force makes of the truth.
func TestQuietDaysHaveFewSignalsAndAShiftIsFound(t *testing.T) {
	type record struct {
		series, signals, worst, found, shifts int
		correlation, said, whole              float64
	}
	records := map[string]*record{"p50": {}, "p90": {}}
	for seed := range uint64(seeds(1)) {
		for _, s := range quietDays(t, 700+seed) {
			values := known(s.days)
			if len(values) < variation.Full+judged*9/10 {
				continue // days with few trucks are left out, and then there are no 90
			}
			compare(t, s.days, nil, map[variation.Rule]int{})
			r := records[s.statistic]
			c := variation.New(s.days, nil)
			signals := 0
			for _, p := range c.Points {
				if p.Signal && p.Limits.Days == variation.Full {
					signals++
				}
			}
			r.series, r.signals, r.worst = r.series+1, r.signals+signals, max(r.worst, signals)
			r.correlation += *c.Baselines[0].Autocorrelation
			r.said += *c.Baselines[0].FalseSignals()
			r.whole += lagOne(values)
			for _, sign := range []float64{1, -1} {
				for begins := variation.Full; begins+10 <= len(values); begins += 10 {
					r.shifts++
					if found(s.days, begins, sign*2*deviation(values)) {
						r.found++
					}
				}
			}
		}
	}
	for _, statistic := range []string{"p50", "p90"} {
		r := records[statistic]
		n := float64(r.series)
		t.Logf("%s: %d series of 90 quiet days: %.2f false signals each, at most %d; the charts say %.2f. Autocorrelation %.2f (baselines %.2f). %d of %d shifts found (%.1f %%)",
			statistic, r.series, float64(r.signals)/n, r.worst, r.said/n, r.whole/n, r.correlation/n, r.found, r.shifts, 100*float64(r.found)/float64(r.shifts))
		if r.series == 0 || r.signals > 6*r.series {
			t.Errorf("%s: %d false signals in %d series of 90 quiet days, want at most 6 in each", statistic, r.signals, r.series)
		}
		if 100*r.found < 90*r.shifts {
			t.Errorf("%s: %d of %d shifts are found within 10 days, want 90 of 100", statistic, r.found, r.shifts)
		}
	}
}

// found adds a shift from a known day on, and reports whether one of ten known days from then on is signalled on its side.
func found(days []variation.Day, begins int, shift float64) bool {
	shifted := slices.Clone(days)
	at, last := -1, -1
	for i, n := 0, 0; i < len(days); i++ {
		if n >= begins {
			shifted[i].Value += shift
		}
		if days[i].N < variation.Trucks {
			continue
		}
		if n == begins {
			at = i
		}
		if n++; n == begins+10 {
			last = i
		}
	}
	for _, p := range variation.New(shifted, nil).Points[at : last+1] {
		if p.Side != 0 && p.Side > 0 == (shift > 0) {
			return true
		}
	}
	return false
}

func deviation(values []float64) float64 {
	var sum, squares float64
	for _, v := range values {
		sum += v
	}
	mean := sum / float64(len(values))
	for _, v := range values {
		squares += (v - mean) * (v - mean)
	}
	return math.Sqrt(squares / float64(len(values)-1))
}

// lagOne is the autocorrelation of lag 1, as the correlation of the values with those that follow.
func lagOne(values []float64) float64 {
	a, b := values[:len(values)-1], values[1:]
	var sumA, sumB float64
	for i := range a {
		sumA, sumB = sumA+a[i], sumB+b[i]
	}
	n := float64(len(a))
	var ab, aa, bb float64
	for i := range a {
		x, y := a[i]-sumA/n, b[i]-sumB/n
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// seeds is how many borders are simulated: as many as the environment says, for a judgement.
func seeds(otherwise int) int {
	n := otherwise
	_, _ = fmt.Sscan(os.Getenv("VARIATION_SEEDS"), &n)
	return n
}
