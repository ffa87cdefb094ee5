package reliability_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"dwell/metrics/reliability"
)

func always(time.Time, time.Time) bool { return true }

// clock is a time of the day before today.
func clock(hour, minute int) time.Time {
	return today.AddDate(0, 0, -1).Add(time.Duration(60*hour+minute) * time.Minute)
}

// The BCP is open from eight to sixteen o'clock: 32 periods. The target is two hours. A truck that arrives at nine and is released at a quarter past twelve is over it
// from eleven on, in five periods.
func TestOldestWaitingTruck(t *testing.T) {
	open := func(from, until time.Time) bool { return !from.Before(clock(8, 0)) && !until.After(clock(16, 0)) }
	for name, story := range map[string]struct {
		waits  []reliability.Wait
		within int64
	}{
		"nobody waits":                             {nil, 32},
		"a truck waits five periods too long":      {[]reliability.Wait{{From: clock(9, 0), Until: clock(12, 15)}}, 27},
		"it leaves a minute later":                 {[]reliability.Wait{{From: clock(9, 0), Until: clock(12, 16)}}, 26},
		"it comes a minute earlier":                {[]reliability.Wait{{From: clock(8, 59), Until: clock(12, 15)}}, 26},
		"it leaves when the target is over":        {[]reliability.Wait{{From: clock(9, 0), Until: clock(11, 0)}}, 32},
		"it leaves a second after that":            {[]reliability.Wait{{From: clock(9, 0), Until: clock(11, 0).Add(time.Second)}}, 31},
		"two wait too long at the same time":       {[]reliability.Wait{{From: clock(9, 30), Until: clock(12, 15)}, {From: clock(9, 0), Until: clock(12, 0)}}, 27},
		"two wait too long, one after the other":   {[]reliability.Wait{{From: clock(9, 0), Until: clock(11, 30)}, {From: clock(9, 30), Until: clock(12, 0)}}, 28},
		"it still waits":                           {[]reliability.Wait{{From: clock(13, 0)}}, 28},
		"it waits over night and is first served":  {[]reliability.Wait{{From: clock(-10, 0), Until: clock(8, 10)}}, 31},
		"it waits too long while the BCP is shut":  {[]reliability.Wait{{From: clock(15, 0), Until: clock(19, 0)}}, 32},
		"it came and went before the day":          {[]reliability.Wait{{From: clock(-30, 0), Until: clock(-2, 0)}}, 32},
		"it has waited for days and does so still": {[]reliability.Wait{{From: clock(-100, 0)}}, 0},
	} {
		p := reliability.OldestWithin(story.waits, 2*time.Hour, clock(0, 0), clock(24, 0), open)
		if p.N != 32 || p.Within != story.within || !is(p.Share, float64(story.within)/32, 0) {
			t.Errorf("%s: %d of %d, want %d of 32", name, p.Within, p.N, story.within)
		}
	}
}

func TestOfFewPeriodsNothingIsKnown(t *testing.T) {
	if p := reliability.OldestWithin(nil, time.Hour, clock(0, 0), clock(4, 59), always); p.N != 19 || p.Share != nil {
		t.Errorf("of 19 periods: %+v", p)
	}
	if p := reliability.OldestWithin(nil, time.Hour, clock(0, 0), clock(5, 0), always); !is(p.Share, 1, 0) {
		t.Errorf("of 20 periods: %+v", p)
	}
	if p := reliability.OldestWithin(nil, time.Hour, clock(5, 0), clock(0, 0), always); p.N != 0 || p.Share != nil {
		t.Errorf("of an empty stretch: %+v", p)
	}
}

// comparePeriods looks at each truck in each period.
func comparePeriods(t *testing.T, waits []reliability.Wait, target time.Duration, from, until time.Time, open func(from, until time.Time) bool) reliability.Periods {
	t.Helper()
	var within, n int64
	for at := from; !at.Add(15 * time.Minute).After(until); at = at.Add(15 * time.Minute) {
		ends := at.Add(15 * time.Minute)
		if !open(at, ends) {
			continue
		}
		n++
		oldest := time.Duration(0)
		for _, w := range waits {
			if w.From.Before(ends) && (w.Until.IsZero() || w.Until.After(at)) {
				last := ends
				if !w.Until.IsZero() && w.Until.Before(ends) {
					last = w.Until
				}
				oldest = max(oldest, last.Sub(w.From))
			}
		}
		if oldest <= target {
			within++
		}
	}
	p := reliability.OldestWithin(waits, target, from, until, open)
	if p.N != n || p.Within != within || (p.Share == nil) != (n < 20) {
		t.Errorf("target %v: %+v, want %d of %d", target, p, within, n)
	}
	return p
}

// Waits that are no longer than the target may be left out.
func TestOldestWaitingTruckIsWhatBruteForceFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 9))
	for range 200 {
		minutes := func(n int) time.Duration { return time.Duration(rnd.IntN(n)) * time.Minute }
		from := today.Add(minutes(60))
		until, target := from.Add(minutes(1000)), minutes(300)
		var waits, long []reliability.Wait
		for range rnd.IntN(20) {
			w := reliability.Wait{From: from.Add(minutes(1500) - 600*time.Minute)}
			if rnd.IntN(5) > 0 {
				w.Until = w.From.Add(minutes(500))
			}
			waits = append(waits, w)
			if w.Until.IsZero() || w.Until.Sub(w.From) > target {
				long = append(long, w)
			}
		}
		shut := from.Add(minutes(600))
		open := func(a, b time.Time) bool { return !a.Before(shut.Add(2*time.Hour)) || !b.After(shut) }
		all := comparePeriods(t, waits, target, from, until, open)
		if few := reliability.OldestWithin(long, target, from, until, open); few.Within != all.Within || few.N != all.N {
			t.Errorf("of long waits %+v, of all %+v", few, all)
		}
	}
}
