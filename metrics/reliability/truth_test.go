package reliability_test

import (
	"math"
	"slices"
	"testing"
	"time"

	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/reliability"
	"dwell/metrics/window"
)

// truck is one that arrived and was released.
type truck struct{ arrived, released time.Time }

// dateOf is the local date of an instant.
func dateOf(t time.Time, zone *time.Location) time.Time {
	return date(t.In(zone).Format(time.DateOnly))
}

// bucketed is a truck's time in seconds, as the sketch has it.
func (k truck) bucketed() float64 {
	return window.ValueOf(window.BinOf(k.released.Sub(k.arrived).Milliseconds()))
}

// p95 is that of the trucks released in the 30 days before a date, by sorting.
func p95(all []truck, zone *time.Location, until time.Time) (seconds, mean float64, n int) {
	var sorted []float64
	var ms int64
	for _, k := range all {
		if d := dateOf(k.released, zone); d.Before(until) && !d.AddDate(0, 0, 30).Before(until) {
			sorted = append(sorted, k.bucketed())
			ms += k.released.Sub(k.arrived).Milliseconds()
		}
	}
	slices.Sort(sorted)
	if n = len(sorted); n < 20 {
		return math.NaN(), math.NaN(), n
	}
	return sorted[(95*n+99)/100-1], float64(ms) / float64(n) / 1000, n
}

// compare asks for the time to allow, and finds it in the trucks themselves.
func compare(t *testing.T, all []truck, zone *time.Location, until time.Time) reliability.Allow {
	t.Helper()
	var days []reliability.Day
	var arrivals []reliability.Arrivals
	var within, judged, unjudged int64
	told := map[time.Time]float64{}
	for _, k := range all {
		bin := window.BinOf(k.released.Sub(k.arrived).Milliseconds())
		day := dateOf(k.released, zone)
		days = append(days, reliability.Day{Date: day, Ms: k.released.Sub(k.arrived).Milliseconds(), Bins: window.Bins{{Index: bin, Count: 1}}})
		if !day.Before(until) || day.Before(until.AddDate(0, 0, -30)) {
			continue
		}
		came := dateOf(k.arrived, zone)
		arrivals = append(arrivals, reliability.Arrivals{Date: came, Bins: window.Bins{{Index: bin, Count: 1}}})
		if _, known := told[came]; !known {
			told[came], _, _ = p95(all, zone, came)
		}
		switch enough := told[came]; {
		case math.IsNaN(enough):
			unjudged++
		case k.bucketed() <= enough:
			within, judged = within+1, judged+1
		default:
			judged++
		}
	}
	a := reliability.TimeToAllow(days, arrivals, until)
	seconds, mean, n := p95(all, zone, until)
	if a.N != int64(n) || a.Enough.Within != within || a.Enough.N != judged || a.Unjudged != unjudged {
		t.Errorf("%d trucks, enough for %d of %d, %d not judged; want %d, %d of %d, %d", a.N, a.Enough.Within, a.Enough.N, a.Unjudged, n, within, judged, unjudged)
	}
	if (a.P95 == nil) != (n < 20) || (a.Mean == nil) != (n < 20) || (a.Enough.Share == nil) != (judged < 20) {
		t.Errorf("of %d trucks, %d judged: %+v", n, judged, a)
	}
	if n >= 20 && (*a.P95 != seconds || math.Abs(*a.Mean-mean) > 1e-9*mean || math.Abs(*a.Buffer-(seconds/mean-1)) > 1e-9) {
		t.Errorf("P95 %v, mean %v, buffer %v; want %v, %v", *a.P95, *a.Mean, *a.Buffer, seconds, mean)
	}
	return a
}

// All figures of a simulated border without faults are those that brute force finds in its truth.
func TestFiguresAreThoseOfTheTruth(t *testing.T) {
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	from := date("2026-01-20")
	cfg := simulator.Config{Places: book, From: from, Until: today.AddDate(0, 0, 1), Seed: 21}
	truths, err := simulator.Truths(cfg)
	if err != nil {
		t.Fatal(err)
	}
	type series struct{ place, direction string }
	trucks, waits := map[series][]truck{}, map[series][]reliability.Wait{}
	for l := range truths {
		if l.Arrived == nil {
			continue
		}
		s := series{l.BCP, l.Direction}
		w := reliability.Wait{From: time.UnixMilli(*l.Arrived)}
		if l.Released != nil {
			w.Until = time.UnixMilli(*l.Released)
			trucks[s] = append(trucks[s], truck{w.From, w.Until})
		}
		if l.Refused != nil && (l.Released == nil || *l.Refused < *l.Released) {
			w.Until = time.UnixMilli(*l.Refused)
		}
		waits[s] = append(waits[s], w)
	}
	const target = 36 * time.Hour
	for s, all := range trucks {
		p := book.Place(s.place)
		a := compare(t, all, p.Zone, today)
		open := func(from, until time.Time) bool {
			for at := from; at.Before(until); at = at.Add(time.Minute) {
				if !p.OpenAt(at) {
					return false
				}
			}
			return true
		}
		oldest := comparePeriods(t, waits[s], target, today.AddDate(0, 0, -7), today, open)
		if a.P95 == nil || a.Enough.N == 0 || oldest.Share == nil {
			t.Errorf("%v: %+v, %+v", s, a, oldest)
			continue
		}
		t.Logf("%v: allow %.1f h, buffer %.2f, enough for %.1f %% [%.1f, %.1f] of %d; oldest within %v in %.1f %% of %d periods",
			s, *a.P95/3600, *a.Buffer, 100**a.Enough.Share, 100**a.Enough.Low, 100**a.Enough.High, a.Enough.N, target, 100**oldest.Share, oldest.N)
	}
	if len(trucks) != 2*len(book.Places) {
		t.Errorf("%d of %d series have trucks", len(trucks), 2*len(book.Places))
	}
}
