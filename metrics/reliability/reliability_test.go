package reliability_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"dwell/metrics/reliability"
	"dwell/metrics/window"
)

func date(s string) time.Time {
	d, err := time.Parse(time.DateOnly, s)
	if err != nil {
		panic(err)
	}
	return d
}

// today is the date of the question in the stories.
var today = date("2026-03-31")

// sketch counts a time for each of some trucks.
func sketch(times ...time.Duration) (bins window.Bins) {
	for _, d := range times {
		bins = bins.Add(window.BinOf(d.Milliseconds()), 1)
	}
	return bins
}

// released are trucks that were released a number of days ago.
func released(ago int, times ...time.Duration) reliability.Day {
	d := reliability.Day{Date: today.AddDate(0, 0, -ago), Bins: sketch(times...)}
	for _, t := range times {
		d.Ms += t.Milliseconds()
	}
	return d
}

// arrived are trucks that arrived a number of days ago.
func arrived(ago int, times ...time.Duration) reliability.Arrivals {
	return reliability.Arrivals{Date: today.AddDate(0, 0, -ago), Bins: sketch(times...)}
}

func times(n int, of time.Duration) []time.Duration {
	all := make([]time.Duration, n)
	for i := range all {
		all[i] = of
	}
	return all
}

// is reports whether a value is known and near another.
func is(got *float64, want, tolerance float64) bool {
	return got != nil && math.Abs(*got-want) <= tolerance
}

// 38 trucks take two hours, and two take ten. So 95 % take two hours; on average it is 2.4 hours.
func TestTimeToAllowCanBeCheckedByHand(t *testing.T) {
	days := []reliability.Day{released(1, times(20, 2*time.Hour)...), released(30, append(times(18, 2*time.Hour), 10*time.Hour, 10*time.Hour)...)}
	a := reliability.TimeToAllow(days, nil, today)
	two := window.ValueOf(window.BinOf(2 * 3600 * 1000))
	if a.From != date("2026-03-01") || a.Until != today || a.N != 40 || a.Known != 2 {
		t.Errorf("%+v", a)
	}
	if !is(a.P95, two, 0) || !is(a.Mean, 2.4*3600, 0) || !is(a.Buffer, (two-8640)/8640, 1e-12) {
		t.Errorf("P95 %v, mean %v, buffer %v", *a.P95, *a.Mean, *a.Buffer)
	}
	if off := math.Abs(*a.P95/7200 - 1); off > window.RelativeError {
		t.Errorf("P95 is %v from two hours", off)
	}
}

// The present day and the 31st one before it have trucks that took a week.
func TestOnlyTheLastThirtyDaysCount(t *testing.T) {
	days := []reliability.Day{released(0, times(100, 168*time.Hour)...), released(30, times(20, time.Hour)...), released(31, times(100, 168*time.Hour)...)}
	if a := reliability.TimeToAllow(days, nil, today); a.N != 20 || !is(a.Mean, 3600, 0) || *a.P95 > 4000 {
		t.Errorf("%+v", a)
	}
}

func TestOfFewTrucksNothingIsKnown(t *testing.T) {
	a := reliability.TimeToAllow([]reliability.Day{released(1, times(19, time.Hour)...)}, nil, today)
	if a.N != 19 || a.Known != 1 || a.P95 != nil || a.Mean != nil || a.Buffer != nil || a.Enough.Share != nil {
		t.Errorf("of 19 trucks: %+v", a)
	}
	a = reliability.TimeToAllow([]reliability.Day{released(1, append(times(18, time.Hour), 9*time.Hour, 9*time.Hour)...)}, nil, today)
	if a.P95 == nil || *a.P95 < 8*3600 {
		t.Errorf("of 20 trucks: %+v", a)
	}
	if a := reliability.TimeToAllow(nil, nil, today); a.N != 0 || a.P95 != nil {
		t.Errorf("of no truck: %+v", a)
	}
}

// A BCP at which trucks are released as they arrive has no mean to compare with.
func TestTimesOfZeroHaveNoBuffer(t *testing.T) {
	a := reliability.TimeToAllow([]reliability.Day{released(1, times(20, 0)...)}, nil, today)
	if !is(a.P95, 0, 0) || !is(a.Mean, 0, 0) || a.Buffer != nil {
		t.Errorf("%+v", a)
	}
}

// Until ten days ago trucks took two hours, and then a strike began: they take two days. Trucks that arrived before the strike could not know of it, nor could
// those of its first day, and later ones did.
func TestATruckKnowsOnlyWhatWasReleasedBeforeItArrived(t *testing.T) {
	days := []reliability.Day{
		released(40, times(100, 2*time.Hour)...),
		released(10, times(30, 48*time.Hour)...),
	}
	a := reliability.TimeToAllow(days, []reliability.Arrivals{
		arrived(12, times(30, 48*time.Hour)...), // these are released ten days ago
		arrived(10, times(5, 48*time.Hour)...),
		arrived(9, times(40, 48*time.Hour)...),
	}, today)
	if a.Enough.Within != 40 || a.Enough.N != 75 || a.Unjudged != 0 || !is(a.Enough.Share, 40./75, 0) {
		t.Errorf("%+v", a.Enough)
	}
}

// Two weeks ago the first trucks were released, 19 of them.
func TestTrucksThatCouldKnowNothingAreNotJudged(t *testing.T) {
	days := []reliability.Day{released(14, times(19, time.Hour)...), released(13, times(1, time.Hour)...)}
	a := reliability.TimeToAllow(days, []reliability.Arrivals{arrived(13, times(7, time.Hour)...), arrived(12, times(20, time.Hour)...)}, today)
	if a.Unjudged != 7 || a.Enough.N != 20 || a.Enough.Within != 20 {
		t.Errorf("%+v", a)
	}
}

// The truths are pairs of arrival and time. The oracle sorts bucketed times, and looks at each truck by itself.
func TestTimeToAllowIsWhatBruteForceFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 7))
	for range 30 {
		var all []truck
		slow := 1 + 20*rnd.Float64()
		for range rnd.IntN(1500) {
			arrived := today.Add(-time.Duration(rnd.IntN(75*24*60)) * time.Minute)
			all = append(all, truck{arrived, arrived.Add(time.Duration(rnd.ExpFloat64() * slow * float64(time.Hour)).Truncate(time.Millisecond))})
		}
		compare(t, all, time.UTC, today)
	}
}

// TestDaysAreAddedUp gives each truck by itself, in any order.
func TestDaysAreAddedUp(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 8))
	var together, apart []reliability.Day
	for ago := range 40 {
		var of []time.Duration
		for range rnd.IntN(10) {
			of = append(of, time.Duration(rnd.IntN(1e6))*time.Second)
			apart = append(apart, released(ago, of[len(of)-1]))
		}
		together = append(together, released(ago, of...))
	}
	rnd.Shuffle(len(apart), func(i, j int) { apart[i], apart[j] = apart[j], apart[i] })
	a, b := reliability.TimeToAllow(together, nil, today), reliability.TimeToAllow(apart, nil, today)
	if a.N != b.N || a.Known != b.Known || *a.P95 != *b.P95 || *a.Mean != *b.Mean || *a.Buffer != *b.Buffer {
		t.Errorf("%+v and %+v", a, b)
	}
}
