package usual_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"dwell/metrics/usual"
)

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	z, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return z
}

// monday is a Monday noon in Kabul.
var monday = time.Date(2026, 3, 16, 7, 30, 0, 0, time.UTC)

// hours gives a value to each local hour of the days before the present one.
func hours(z *time.Location, now time.Time, days int, x func(local time.Time) float64) (all []usual.Value) {
	y, m, d := now.In(z).Date()
	for back := days; back > 0; back-- {
		for hour := range 24 {
			at := time.Date(y, m, d-back, hour, 0, 0, 0, z)
			all = append(all, usual.Value{Start: at, X: x(at)})
		}
	}
	return all
}

// Each Sunday at 10 there are twice as many trucks as one more week ago would say: 10, 20, ... 80. At nine and at eleven there are always 45.
func TestWhatIsUsualCanBeCheckedByHand(t *testing.T) {
	kabul := zone(t, "Asia/Kabul")
	sunday := 0
	w := usual.Learn(kabul, hours(kabul, monday, 56, func(local time.Time) float64 {
		if local.Weekday() == time.Sunday && local.Hour() == 10 {
			sunday += 10
			return float64(sunday)
		}
		return 45
	}), monday)
	// 10 20 30 40 45 (16 times) 50 60 70 80
	if h := w.Hours[10]; h != (usual.Hour{P25: 45, Median: 45, P75: 45, Weeks: 8}) {
		t.Errorf("Sunday at 10: %+v", h)
	}
	if d := w.Deviation(w.Hours[10], 55, 5); d != 2 {
		t.Errorf("55 trucks are %v from 45, want 2 floors of 5", d)
	}
}

func TestThePresentDayAndOlderWeeksTeachNothing(t *testing.T) {
	kabul := zone(t, "Asia/Kabul")
	all := hours(kabul, monday, 80, func(local time.Time) float64 {
		if monday.Sub(local) > 57*24*time.Hour {
			return 1000
		}
		return 7
	})
	y, m, d := monday.In(kabul).Date()
	for hour := range 12 {
		all = append(all, usual.Value{Start: time.Date(y, m, d, hour, 0, 0, 0, kabul), X: 1000})
	}
	w := usual.Learn(kabul, all, monday)
	for of, h := range w.Hours {
		if h != (usual.Hour{P25: 7, Median: 7, P75: 7, Weeks: 8}) {
			t.Fatalf("hour %d of the week: %+v", of, h)
		}
	}
}

// A BCP opens at eight. The hour before has values beside it and none of its own.
func TestNothingIsUsualInAnHourThatWasNotKnownInFourWeeks(t *testing.T) {
	kabul := zone(t, "Asia/Kabul")
	for _, days := range []int{27, 28} {
		all := slices.DeleteFunc(hours(kabul, monday, days, func(time.Time) float64 { return 3 }), func(v usual.Value) bool { return v.Start.In(kabul).Hour() < 8 })
		w := usual.Learn(kabul, all, monday)
		for of, h := range w.Hours {
			day, hour := of/24, of%24
			known := hour >= 8 && (days == 28 || day != int(time.Monday)) // the oldest Monday is 28 days ago
			if h.Known() != known {
				t.Errorf("%d days, day %d, %d:00: %+v", days, day, hour, h)
			}
		}
	}
}

// Before the BCP opens at eight 100 trucks wait, and at nine 20. In between, as many are usual as lie between.
func TestWhatIsUsualAtAnInstantLiesBetweenTwoHours(t *testing.T) {
	kabul := zone(t, "Asia/Kabul")
	w := &usual.Week{Spread: 4}
	w.Hours[8], w.Hours[9] = usual.Hour{P25: 90, Median: 100, P75: 110, Weeks: 8}, usual.Hour{P25: 18, Median: 20, P75: 22, Weeks: 5}
	for minute, want := range map[int]usual.Hour{0: {P25: 90, Median: 100, P75: 110, Weeks: 5}, 15: {P25: 72, Median: 80, P75: 88, Weeks: 5}, 45: {P25: 36, Median: 40, P75: 44, Weeks: 5}} {
		at := time.Date(2026, 3, 15, 8, minute, 0, 0, kabul)
		if h := w.At(at, kabul, true); h != want {
			t.Errorf("at %v %+v, want %+v", at, h, want)
		}
		if h := w.At(at, kabul, false); h != w.Hours[8] {
			t.Errorf("in the hour of %v %+v, want %+v", at, h, w.Hours[8])
		}
	}
	if h := w.At(time.Date(2026, 3, 15, 9, 30, 0, 0, kabul), kabul, true); h != w.Hours[9] {
		t.Errorf("before an hour of which nothing is known %+v, want %+v", h, w.Hours[9])
	}
}

// Clocks went back in the night of 25 October: the local hour from two to three was there twice. In the night of 29 March it was not there.
func TestANightInWhichClocksAreSetIsOneWeek(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, now := range []time.Time{time.Date(2026, 11, 2, 12, 0, 0, 0, berlin), time.Date(2026, 4, 6, 12, 0, 0, 0, berlin)} {
		var all []usual.Value
		from, until := usual.From(berlin, now)
		for at := from; at.Before(until); at = at.Add(time.Hour) {
			all = append(all, usual.Value{Start: at, X: 1})
		}
		w := usual.Learn(berlin, all, now)
		for of, h := range w.Hours {
			want := 8
			if of == 2 && now.Month() == time.April {
				want = 7
			}
			if h.Weeks != want {
				t.Errorf("%v, hour %d of the week is known in %d weeks, want %d", now, of, h.Weeks, want)
			}
		}
	}
}

// The oracle does everything over for each hour: which values it has, by counting days on the calendar, and their quantiles by counting how many
// are below.
func TestWhatIsUsualIsWhatBruteForceFinds(t *testing.T) {
	rnd := rand.New(rand.NewPCG(21, 2))
	for range 5 {
		z := zone(t, []string{"Asia/Kabul", "Europe/Warsaw", "Asia/Tehran", "America/St_Johns"}[rnd.IntN(4)])
		now := time.Date(2026, time.Month(1+rnd.IntN(12)), 1+rnd.IntN(28), rnd.IntN(24), rnd.IntN(60), 0, 0, z)
		all := slices.DeleteFunc(hours(z, now, 50+rnd.IntN(20), func(time.Time) float64 { return math.Floor(rnd.ExpFloat64() * 50) }),
			func(usual.Value) bool { return rnd.IntN(3) == 0 })
		rnd.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		w := usual.Learn(z, all, now)
		daysBack := map[string]int{}
		for back := range 80 {
			daysBack[time.Date(now.Year(), now.Month(), now.Day()-back, 12, 0, 0, 0, z).Format(time.DateOnly)] = back
		}
		var off []float64
		medians := [usual.Hours]float64{}
		for of := range usual.Hours {
			var near []float64
			weeks := map[int]bool{}
			for _, v := range all {
				local := v.Start.In(z)
				away := (int(local.Weekday())*24 + local.Hour() - of + 168) % 168
				if away != 0 && away != 1 && away != 167 {
					continue
				}
				back := daysBack[local.Format(time.DateOnly)]
				if back > 56 {
					continue
				}
				near = append(near, v.X)
				if away == 0 {
					weeks[(back-1)/7] = true
				}
			}
			want := usual.Hour{Weeks: len(weeks)}
			if want.Weeks >= 4 {
				want.P25, want.Median, want.P75 = between(near, 0.25), between(near, 0.5), between(near, 0.75)
				medians[of] = want.Median
			}
			if w.Hours[of] != want {
				t.Fatalf("%v: hour %d: %+v, want %+v", now, of, w.Hours[of], want)
			}
		}
		for _, v := range all {
			from, _ := usual.From(z, now)
			if of := usual.HourOf(v.Start, z); w.Hours[of].Known() && !v.Start.Before(from) {
				off = append(off, v.X-medians[of])
			}
		}
		if want := between(off, 0.75) - between(off, 0.25); math.Abs(w.Spread-want) > 1e-9 {
			t.Fatalf("%v: spread %v, want %v", now, w.Spread, want)
		}
	}
}

// between is the value below which a share of the others is, interpolated between the two nearest.
func between(values []float64, share float64) float64 {
	rank := func(k int) float64 { // the value that k others are below, counting equal ones as they come
		for _, v := range values {
			below, equal := 0, 0
			for _, o := range values {
				if o < v {
					below++
				} else if o == v {
					equal++
				}
			}
			if below <= k && k < below+equal {
				return v
			}
		}
		return math.NaN()
	}
	at := share * float64(len(values)-1)
	k := int(math.Floor(at))
	low := rank(k)
	if at == float64(k) {
		return low
	}
	return low + (at-float64(k))*(rank(k+1)-low)
}
