package usual_test

import (
	"fmt"
	"os"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
	"dwell/metrics/usual"
)

// learnedFor is how long a simulated border is watched before spikes count: a week to fill up, and the eight weeks that are looked back.
const learnedFor = 9 * 7

// watch plays a border, and calls look with each quarter of an hour after it has learned, and what was seen of each BCP and direction.
func watch(tb testing.TB, cfg simulator.Config, look func(at time.Time, p *place.Place, d event.Direction, s *usual.Spike, seen usual.Seen)) {
	tb.Helper()
	all, err := simulator.Tally(cfg, usual.Every)
	if err != nil {
		tb.Fatal(err)
	}
	for b := range cfg.Places.Places {
		p := &cfg.Places.Places[b]
		for _, d := range []event.Direction{event.NoDirection, event.Inbound, event.Outbound} {
			inside := make([]float64, len(all[0].Inside))
			for _, s := range all {
				if s.Place == p.ID && (d == event.NoDirection || d == s.Direction) {
					for i, n := range s.Inside {
						inside[i] += float64(n)
					}
				}
			}
			follow(cfg, p, d, inside, look)
		}
	}
}

// follow learns at each local midnight, and looks each quarter of an hour.
func follow(cfg simulator.Config, p *place.Place, d event.Direction, inside []float64, look func(time.Time, *place.Place, event.Direction, *usual.Spike, usual.Seen)) {
	series := usual.Series{Direction: d, Measure: usual.Inside}
	var values []usual.Value
	var spike usual.Spike
	learned := &usual.Learned{}
	begin := cfg.From.AddDate(0, 0, learnedFor)
	for i, x := range inside {
		at := cfg.From.Add(time.Duration(i) * usual.Every)
		if local := at.In(p.Zone); local.Minute() == 0 {
			if p.OpenAt(at) || p.OpenAt(at.Add(-time.Minute)) || p.OpenAt(at.Add(time.Hour-time.Minute)) {
				values = append(values, usual.Value{Start: at, X: x})
			}
			if local.Hour() == 0 && !at.Before(begin) {
				learned = &usual.Learned{At: at, Weeks: map[usual.Series]*usual.Week{series: usual.Learn(p.Zone, values, at)}}
			}
		}
		if at.Before(begin) {
			continue
		}
		seen := learned.See(series, at, p.Zone, &x, p.OpenAt(at))
		spike.Step(seen)
		look(at, p, d, &spike, seen)
	}
}

func afghanistan(tb testing.TB) *place.Book {
	tb.Helper()
	book, err := place.Load("afghanistan")
	if err != nil {
		tb.Fatal(err)
	}
	return book
}

// Months in which nothing happens have at most one spike a BCP, on average.
func TestQuietMonthsHaveFewSpikes(t *testing.T) {
	book := afghanistan(t)
	months, spikes := 0, 0
	for seed := range uint64(seeds(1)) {
		cfg := simulator.Config{Places: book, From: monday.Truncate(24 * time.Hour), Seed: 100 + seed}
		cfg.Until = cfg.From.AddDate(0, 0, learnedFor+28)
		for i := range book.Places {
			cfg.Scenario.Variations = append(cfg.Scenario.Variations, simulator.Quiet(book.Places[i].ID))
		}
		of := map[string]int{}
		was := map[string]time.Time{}
		watch(t, cfg, func(_ time.Time, p *place.Place, d event.Direction, s *usual.Spike, _ usual.Seen) {
			key := p.ID + d.String()
			if s.Is() && !was[key].Equal(s.Since) && d == event.NoDirection {
				of[p.ID]++
			}
			was[key] = s.Since
		})
		for i := range book.Places {
			months, spikes = months+1, spikes+of[book.Places[i].ID]
		}
		t.Log(of)
	}
	t.Logf("%d spikes in %d quiet months", spikes, months)
	if spikes > months {
		t.Errorf("%d spikes in %d quiet months of a BCP, want at most one in each", spikes, months)
	}
}

// At each BCP twice as many trucks come from ten o'clock of a day on, and its agencies work at half the speed. Where the trucks inside rise to a deviation of
// six, that is a spike within half an hour.
func TestAQueueThatRisesIsFoundWithinHalfAnHour(t *testing.T) {
	book := afghanistan(t)
	risen, found := 0, 0
	for seed := range uint64(seeds(2)) {
		cfg := simulator.Config{Places: book, From: monday.Truncate(24 * time.Hour), Seed: 500 + seed}
		cfg.Until = cfg.From.AddDate(0, 0, learnedFor+14)
		begins := map[string]time.Time{}
		for i := range book.Places {
			p := &book.Places[i]
			y, m, d := cfg.From.AddDate(0, 0, learnedFor+1+int(seed+uint64(i))%7).In(p.Zone).Date()
			begins[p.ID] = time.Date(y, m, d, 10, 0, 0, 0, p.Zone)
			cfg.Scenario.Interventions = append(cfg.Scenario.Interventions,
				simulator.Intervention{Place: p.ID, From: begins[p.ID], Until: begins[p.ID].AddDate(0, 0, 2), ArrivalFactor: 2},
				simulator.Intervention{Place: p.ID, From: begins[p.ID], Until: begins[p.ID].AddDate(0, 0, 2), ServiceFactor: 2})
		}
		six, spike := map[string]time.Time{}, map[string]time.Time{}
		watch(t, cfg, func(at time.Time, p *place.Place, d event.Direction, s *usual.Spike, seen usual.Seen) {
			if at.Before(begins[p.ID]) || d != event.NoDirection {
				return
			}
			if six[p.ID].IsZero() && seen.Deviation != nil && *seen.Deviation >= 6 {
				six[p.ID] = at
			}
			if spike[p.ID].IsZero() && s.Is() {
				spike[p.ID] = at
			}
		})
		for id, at := range six {
			risen++
			if first := spike[id]; !first.IsZero() && !first.After(at.Add(30*time.Minute)) {
				found++
			}
		}
	}
	t.Logf("%d of %d queues that rose to a deviation of six were found within half an hour", found, risen)
	if risen == 0 || 100*found < 95*risen {
		t.Errorf("%d of %d queues that rose to a deviation of six were found within half an hour, want 95 %%", found, risen)
	}
}

// seeds is how many borders are simulated: as many as the environment says, for a judgement.
func seeds(otherwise int) int {
	n := otherwise
	_, _ = fmt.Sscan(os.Getenv("USUAL_SEEDS"), &n)
	return n
}
