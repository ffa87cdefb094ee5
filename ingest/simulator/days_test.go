package simulator

import (
	"maps"
	"math"
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
)

func TestHolidayIsADayOfRest(t *testing.T) {
	eid := Holiday{Name: "Eid", Place: "TOWN", Date: "2026-01-14", Days: 2} // Wednesday and Thursday
	usual := tallied(t, townFor(t, 21, Scenario{Variations: []Variation{Quiet("")}}), 24*time.Hour)
	got := tallied(t, townFor(t, 21, Scenario{Variations: []Variation{Quiet("")}, Holidays: []Holiday{eid}}), 24*time.Hour)
	const sunday = 6
	for d := range got {
		for day, want := range usual[d].Expected {
			if day == 9 || day == 10 {
				want = usual[d].Expected[sunday]
			}
			if g := got[d]; math.Abs(g.Expected[day]-want) > 1e-6 || !near(float64(g.Arrived[day]), want) {
				t.Errorf("%s, day %d: %v trucks are expected and %d came, want %v", g.Direction, day, g.Expected[day], g.Arrived[day], want)
			}
		}
	}
}

func TestBCPIsClosedOnAClosedHoliday(t *testing.T) {
	cfg := townFor(t, 21, Scenario{Holidays: []Holiday{{Name: "Nowruz", Date: "2026-01-14", Days: 1, Closed: true}}})
	from, until := after(9).UnixMilli(), after(10).UnixMilli()
	messages, truth := sent(t, cfg)
	var hours []string
	for _, m := range messages {
		switch {
		case m.typ == event.BCPOpened || m.typ == event.BCPClosed:
			hours = append(hours, m.typ.String()+time.UnixMilli(m.time).UTC().Format(" 2 15:04"))
		case from <= m.time && m.time < until:
			switch m.typ {
			case event.TruckArrived, event.ChannelAssigned, event.TruckReleased, event.LaneOpened:
				t.Fatalf("%s on the holiday", m.text)
			case event.InspectionStarted:
				if m.lane != "" {
					t.Fatalf("%s on the holiday", m.text)
				}
			}
		}
	}
	if want := []string{"bcp.opened 5 00:00", "bcp.closed 14 00:00", "bcp.opened 15 00:00"}; !slices.Equal(hours, want) {
		t.Errorf("got %v, want %v", hours, want)
	}
	var through int
	for _, l := range truth {
		if l.Arrived != nil && l.Departed != nil && *l.Arrived < from && *l.Departed >= until {
			through++
			if want := *l.Departed - *l.Arrived - day; *l.CrossingNet != want {
				t.Fatalf("%s: the net crossing time is %d, want %d", l.Visit, *l.CrossingNet, want)
			}
		}
	}
	if through < 50 {
		t.Errorf("%d trucks were inside through the holiday", through)
	}
}

// daily is what arrived each local day relative to what a quiet BCP expects of its weekday.
func daily(t *testing.T, v Variation, days int, seed uint64) (relative []float64) {
	t.Helper()
	quiet := tallied(t, townFor(t, 7, Scenario{Variations: []Variation{Quiet("TOWN")}}), 24*time.Hour)
	cfg := townFor(t, days, Scenario{Variations: []Variation{v}})
	cfg.Seed = seed
	got := tallied(t, cfg, 24*time.Hour)
	for day := range days {
		relative = append(relative, float64(got[0].Arrived[day]+got[1].Arrived[day])/(quiet[0].Expected[day%7]+quiet[1].Expected[day%7]))
	}
	return relative
}

// moments are mean, variance, and correlation of a day with the one before.
func moments(days []float64) (mean, variance, correlation float64) {
	mean = sum(days) / float64(len(days))
	for i, x := range days {
		variance += (x - mean) * (x - mean)
		if i > 0 {
			correlation += (x - mean) * (days[i-1] - mean)
		}
	}
	return mean, variance / float64(len(days)), correlation / variance
}

func TestQuietDaysDifferByChanceAlone(t *testing.T) {
	days := daily(t, Quiet("TOWN"), 280, 3)
	mean, variance, correlation := moments(days)
	// Of a Poisson process with 360 trucks a day, less on Sundays.
	if math.Abs(mean-1) > 0.01 || variance < 0.0022 || variance > 0.0038 || math.Abs(correlation) > 3/math.Sqrt(280) {
		t.Errorf("mean %.3f, variance %.4f, correlation %.2f", mean, variance, correlation)
	}
	first, _, _ := moments(days[:140])
	second, _, _ := moments(days[140:])
	if math.Abs(first-second) > 0.02 {
		t.Errorf("it drifts from %.3f to %.3f", first, second)
	}
	blocked := func(sc Scenario) (longest int64) {
		var departed []int64
		for _, l := range truths(t, townFor(t, 84, sc)) {
			if l.Direction == "outbound" && l.Released != nil && l.Departed != nil {
				departed = append(departed, *l.Departed)
			}
		}
		slices.Sort(departed)
		for i := 1; i < len(departed); i++ {
			longest = max(longest, departed[i]-departed[i-1])
		}
		return longest
	}
	if quiet, usual := blocked(Scenario{Variations: []Variation{Quiet("")}}), blocked(Scenario{}); quiet > 3*hour || usual < 6*hour {
		t.Errorf("no truck departs for %d minutes at a quiet BCP, and for %d at another", quiet/minute, usual/minute)
	}
}

func TestWildDaysDifferAndPersist(t *testing.T) {
	_, spread, alone := moments(daily(t, Variation{ArrivalSpread: 0.3, NoBlocks: true}, 280, 3))
	if math.Abs(math.Sqrt(spread)-0.3) > 0.04 || math.Abs(alone) > 3/math.Sqrt(280) {
		t.Errorf("the days deviate by %.3f, want 0.3, and correlate by %.2f, want 0", math.Sqrt(spread), alone)
	}
	if _, _, kept := moments(daily(t, Variation{ArrivalSpread: 0.3, Persistence: 0.7, NoBlocks: true}, 280, 3)); kept < 0.55 || kept > 0.8 {
		t.Errorf("the days correlate by %.2f, want about 0.7", kept)
	}
	grown := daily(t, Variation{Trend: 0.1, NoBlocks: true}, 84, 3)
	for month := range 3 {
		mean, _, _ := moments(grown[28*month : 28*month+28])
		if want := math.Pow(1.1, float64(month)+0.5); math.Abs(mean/want-1) > 0.03 {
			t.Errorf("month %d has %.3f times as many trucks, want %.3f", month, mean, want)
		}
	}
}

// The times of the gate of each day: their day factors are the same for all trucks of it.
func TestServiceSpreadMakesSlowAndFastDays(t *testing.T) {
	variance := func(v Variation) float64 {
		of := map[int64][]float64{}
		for _, l := range truths(t, townFor(t, 84, Scenario{Variations: []Variation{v}})) {
			if begins, takes := gateTime(l); takes > 0 {
				of[begins/day] = append(of[begins/day], math.Log(float64(takes)))
			}
		}
		var means []float64
		for _, day := range slices.Sorted(maps.Keys(of)) {
			means = append(means, sum(of[day])/float64(len(of[day])))
		}
		_, v2, _ := moments(means)
		return v2
	}
	quiet, wild := variance(Quiet("")), variance(Variation{ServiceSpread: 0.25, NoBlocks: true})
	if want := math.Log1p(0.25 * 0.25); quiet > 0.002 || wild < want*0.6 || wild > want*1.5 {
		t.Errorf("the logarithm of a day's mean varies by %.4f, and with a spread by %.4f, want %.4f", quiet, wild, want)
	}
}

// A BCP with hours, at which nothing else changes in between.
func TestBCPOpensAgainAfterLongHolidays(t *testing.T) {
	cfg := townFor(t, 60, Scenario{Holidays: []Holiday{
		{Name: "one", Date: "2026-01-06", Days: 24, Closed: true}, {Name: "another", Date: "2026-01-30", Days: 5, Closed: true},
	}})
	var hours place.Calendar
	for day := range hours.Days {
		hours.Days[day] = []place.Span{{Open: 7 * 60, Close: 21 * 60}}
	}
	cfg.Places.Places[0].Calendar = &hours
	messages, _ := sent(t, cfg)
	var got []string
	for _, m := range messages {
		if m.typ == event.BCPOpened || m.typ == event.BCPClosed {
			got = append(got, m.typ.String()+time.UnixMilli(m.time).UTC().Format(" Jan 2 15:04"))
		}
	}
	want := []string{"bcp.closed Jan 5 00:00", "bcp.opened Jan 5 07:00", "bcp.closed Jan 5 21:00", "bcp.opened Feb 4 07:00", "bcp.closed Feb 4 21:00"}
	if len(got) < len(want) || !slices.Equal(got[:len(want)], want) {
		t.Errorf("got %v, want %v and so on", got, want)
	}
}

func TestBlockedFarSideHoldsPlannedTrucks(t *testing.T) {
	arrived := map[string]int64{}
	s, p := town(t, func(l TruthLine) { arrived[l.Visit] = *l.Arrived })
	begins := s.now
	sc := Scenario{Variations: []Variation{{}}}
	p.effects = sc.effects(p, 1)
	goes := []step{{op: release, delay: minute}, {op: depart, delay: minute}}
	for _, id := range []string{"IN1", "IN2"} {
		p.send(id, event.Inbound, goes...)
	}
	p.blocked = true
	p.cal.FarSide.BlocksEvery = 1000 * 24 * time.Hour
	p.after(6*hour, nil, farSideChanges)
	s.until = begins + 8*hour
	drain(s)
	if a, b := arrived["IN1"], arrived["IN2"]; a < begins+6*hour+waveEvery || b <= a || b > begins+6*hour+3*waveEvery {
		t.Errorf("they arrive at %s and %s", clockTime(a), clockTime(b))
	}
}
