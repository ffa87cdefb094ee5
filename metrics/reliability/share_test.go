package reliability_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"dwell/metrics/reliability"
	"dwell/metrics/window"
)

// The examples are those of Newcombe (1998), Statistics in Medicine 17, table I, method 3.
func TestWilsonIntervalsAreThoseOfTheLiterature(t *testing.T) {
	for _, s := range []struct {
		within, n int64
		low, high float64
	}{{81, 263, 0.2553, 0.3662}, {15, 148, 0.0624, 0.1605}, {0, 20, 0, 0.1611}, {1, 29, 0.0061, 0.1718}} {
		got := reliability.ShareOf(s.within, s.n)
		if !is(got.Low, s.low, 0.00005) || !is(got.High, s.high, 0.00005) || !is(got.Share, float64(s.within)/float64(s.n), 0) {
			t.Errorf("%d of %d: %v to %v, want %v to %v", s.within, s.n, *got.Low, *got.High, s.low, s.high)
		}
	}
}

func TestTheShareOfFewTrucksIsUnknown(t *testing.T) {
	if s := reliability.ShareOf(19, 19); s.Share != nil || s.Low != nil || s.High != nil || s.Within != 19 || s.N != 19 {
		t.Errorf("%+v", s)
	}
	if s := reliability.ShareOf(20, 20); !is(s.Share, 1, 0) || !is(s.High, 1, 0) || *s.Low > 0.9 {
		t.Errorf("%+v", s)
	}
}

// The oracle halves: a bound is where the share that was found is 1.96 standard errors away.
func TestWilsonIntervalIsWhatBruteForceFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 10))
	for range 2000 {
		n := 20 + rnd.Int64N(int64(1)<<rnd.IntN(40))
		within := rnd.Int64N(n + 1)
		switch rnd.IntN(5) {
		case 0:
			within = 0
		case 1:
			within = n
		}
		p := float64(within) / float64(n)
		bound := func(end float64) float64 {
			in, out := p, end
			for range 200 {
				at := (in + out) / 2
				if (p-at)*(p-at) <= 1.959963984540054*1.959963984540054*at*(1-at)/float64(n) {
					in = at
				} else {
					out = at
				}
			}
			return in
		}
		s := reliability.ShareOf(within, n)
		low, high := bound(0), bound(1)
		if within == 0 {
			low = 0
		}
		if within == n {
			high = 1
		}
		if !is(s.Low, low, 1e-9) || !is(s.High, high, 1e-9) || *s.Low < 0 || *s.High > 1 || *s.Low > p || *s.High < p {
			t.Fatalf("%d of %d: %v to %v, want %v to %v", within, n, *s.Low, *s.High, low, high)
		}
	}
}

// Where no truck or each one is within a target, the bound is not what rounding leaves of it.
func TestWilsonIntervalsEndAtNoneAndAll(t *testing.T) {
	for n := int64(20); n < 200_000; n++ {
		if low, high := *reliability.ShareOf(0, n).Low, *reliability.ShareOf(n, n).High; low != 0 || high != 1 {
			t.Fatalf("of %d: %v and %v", n, low, high)
		}
	}
}

// One number must not say that a target is met and another one that it is not.
func TestShareAndQuantileAgree(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 11))
	for range 3000 {
		var bins window.Bins
		for range 20 + rnd.IntN(60) {
			bins = bins.Add(window.BinOf(int64(math.Exp(rnd.NormFloat64())*3_600_000)), 1)
		}
		if rnd.IntN(3) == 0 {
			bins = bins.Add(window.ZeroBin, int32(1+rnd.IntN(9)))
		}
		p90 := bins.Quantile(0.9)
		for _, target := range []float64{p90, math.Nextafter(p90, 0), p90 * rnd.ExpFloat64()} {
			s := reliability.Within(bins, target)
			if met := p90 <= target; met != (10*s.Within >= 9*s.N) {
				t.Fatalf("P90 %v, target %v: %d of %d", p90, target, s.Within, s.N)
			}
		}
	}
}

// A target of two hours: times far enough from it are on their side.
func TestShareWithinTarget(t *testing.T) {
	bins := sketch(append(append(times(15, 117*time.Minute), times(4, 123*time.Minute)...), 0)...)
	if s := reliability.Within(bins, 7200); s.Within != 16 || s.N != 20 || !is(s.Share, 0.8, 0) {
		t.Errorf("%+v", s)
	}
}
