package main

import (
	"strings"
	"testing"
	"time"
)

func TestFigureIsTheMedianOfItsRounds(t *testing.T) {
	round := func(whole, small time.Duration) pair {
		return pair{whole: cost{spent: spent{whole, 300 << 20}, wall: 2 * whole}, small: cost{spent: spent{cpu: small}}}
	}
	var out strings.Builder
	report(&out, "dwell", 1_000_000, 100_000, []pair{
		round(10*time.Second, time.Second), round(4*time.Second, time.Second), round(5*time.Second, 2*time.Second),
	})
	want := `dwell/steady 300000 events/cpu-s (100000 to 300000)
dwell/whole 200000 events/cpu-s (100000 to 250000)
dwell/all 200000 events/cpu-s (100000 to 250000)
dwell/wall 10.0 s (8.0 to 20.0)
dwell/memory 300 MiB (300 to 300)
dwell/broker 0.00 cpu-s (0.00 to 0.00)
dwell/database 0.00 cpu-s (0.00 to 0.00)
`
	if out.String() != want {
		t.Errorf("%s\nwant\n%s", out.String(), want)
	}
	if m := median([]float64{1, 2, 4, 9}); m != 3 {
		t.Errorf("the median of 1, 2, 4 and 9 is %v, want 3", m)
	}
}
