package simulator

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
)

// busy is a scenario with everything in it.
func busy() Scenario {
	return Scenario{
		Interventions: []Intervention{{Stage: StageGate, From: after(3), ServiceFactor: 2, LanesFactor: 2}, {From: after(4), ArrivalFactor: 2}},
		Outages:       []Outage{{Agency: "customs", From: after(2), Until: after(3)}},
		Holidays:      []Holiday{{Name: "Nowruz", Date: "2026-01-10", Closed: true}},
		Variations:    []Variation{{ArrivalSpread: 0.2, ServiceSpread: 0.2, Persistence: 0.5}},
	}
}

func TestTruthsAreThoseOfTheEvents(t *testing.T) {
	for _, sc := range []Scenario{{}, busy()} {
		cfg := townFor(t, 10, sc)
		_, want := sent(t, cfg)
		for i := range want {
			want[i].Lost = false
		}
		if got := truths(t, cfg); len(got) < 3000 || !reflect.DeepEqual(got, want) {
			t.Errorf("%d truths without events differ from %d with them", len(got), len(want))
		}
	}
}

// A judge may stop early, and then an endless run is as good as any.
func TestTruthsOfAnEndlessRunCanBeLeft(t *testing.T) {
	cfg := townFor(t, 10, Scenario{})
	cfg.Until = time.Time{}
	lines, err := Truths(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var n int
	for range lines {
		if n++; n == 1000 {
			break
		}
	}
	if n != 1000 {
		t.Errorf("%d trucks", n)
	}
	if _, err := Tally(cfg, time.Hour); err == nil || !strings.Contains(err.Error(), "needs until") {
		t.Errorf("a tally of an endless run: %v", err)
	}
	if _, err := Tally(townFor(t, 1, Scenario{}), time.Second); err == nil || !strings.Contains(err.Error(), "1s is less than a minute") {
		t.Errorf("a tally by seconds: %v", err)
	}
}

func TestTallyCountsTheTruths(t *testing.T) {
	const step = 15 * time.Minute
	cfg := townFor(t, 10, busy())
	got := tallied(t, cfg, step)
	n := 10 * 24 * 4
	for i, d := range []event.Direction{event.Inbound, event.Outbound} {
		want := Series{
			Place: "TOWN", Direction: d, Start: start, Step: step, Expected: got[i].Expected, Held: got[i].Held,
			Arrived: make([]int32, n), Released: make([]int32, n), Refused: make([]int32, n), Departed: make([]int32, n),
			Inside: make([]int32, n), Unreleased: make([]int32, n),
		}
		begins := func(k int) int64 { return start.Add(time.Duration(k) * step).UnixMilli() }
		inside := func(k int, from, till *int64) bool { return *from <= begins(k) && (till == nil || begins(k) < *till) }
		held := map[string][]int32{}
		for _, l := range truths(t, cfg) {
			if l.Direction != d.String() || l.Arrived == nil {
				continue
			}
			for _, f := range []struct {
				at *int64
				in []int32
			}{{l.Arrived, want.Arrived}, {l.Released, want.Released}, {l.Refused, want.Refused}, {l.Departed, want.Departed}} {
				if f.at != nil {
					f.in[(*f.at-begins(0))/step.Milliseconds()]++
				}
			}
			for k := range n {
				if inside(k, l.Arrived, l.Departed) {
					want.Inside[k]++
					if inside(k, l.Arrived, l.Released) && inside(k, l.Arrived, l.Refused) {
						want.Unreleased[k]++
					}
				}
				for _, g := range l.Segments {
					if l.Departed != nil && inside(k, &g.Start, g.End) { // of an open wait the line does not say who has the truck
						if held[g.Holder] == nil {
							held[g.Holder] = make([]int32, n)
						}
						held[g.Holder][k]++
					}
				}
			}
		}
		if !reflect.DeepEqual(got[i], want) {
			t.Errorf("%s: the tally differs from the truths", d)
		}
		for k := range n {
			var total int32
			for holder, counts := range got[i].Held {
				if total += counts[k]; k < n/2 && counts[k] < at(held[holder], k) {
					t.Fatalf("%s has %d trucks in step %d, want %d at least", holder, counts[k], k, at(held[holder], k))
				}
			}
			if total != got[i].Inside[k] {
				t.Fatalf("step %d: holders have %d trucks, and %d are inside", k, total, got[i].Inside[k])
			}
		}
		if sum(want.Arrived) < 1500 || slices.Max(want.Unreleased) < 50 || sum(want.Refused) == 0 {
			t.Errorf("%s: %v arrived and %v were refused", d, sum(want.Arrived), sum(want.Refused))
		}
	}
}

func at(counts []int32, k int) int32 {
	if counts == nil {
		return 0
	}
	return counts[k]
}

// BenchmarkTally measures trucks a second on one core: twelve weeks of a BCP.
func BenchmarkTally(b *testing.B) {
	var trucks float64
	for b.Loop() {
		for _, s := range tallied(b, townFor(b, 84, Scenario{}), 15*time.Minute) {
			trucks += sum(s.Arrived)
		}
	}
	b.ReportMetric(trucks/b.Elapsed().Seconds(), "trucks/s")
}

// BenchmarkTruths measures the same with a truth of each truck.
func BenchmarkTruths(b *testing.B) {
	var trucks float64
	for b.Loop() {
		trucks += float64(len(truths(b, townFor(b, 84, Scenario{}))))
	}
	b.ReportMetric(trucks/b.Elapsed().Seconds(), "trucks/s")
}

// However short or long services become, the segments cut the stay, and a clock that runs wrong keeps their order.
func TestTimeIsConservedUnderExtremeFactors(t *testing.T) {
	for _, factor := range []float64{0.01, 0.1, 3, 100} {
		sc := busy()
		sc.Interventions = append(sc.Interventions, Intervention{ServiceFactor: factor}, Intervention{Agency: "trader", From: after(1), ServiceFactor: 1 / factor})
		cfg := townFor(t, 8, sc)
		cfg.Faults.Skew = MaxSkew
		trucks := 0
		for _, l := range truths(t, cfg) {
			if l.Departed == nil {
				continue
			}
			trucks++
			at := *l.Arrived
			for i, g := range l.Segments {
				if g.Start != at || g.End == nil || *g.End <= at || i > 0 && g.Phase == l.Segments[i-1].Phase && g.Holder == l.Segments[i-1].Holder {
					t.Fatalf("with %v, segment %d of %s is %s", factor, i, l.Visit, l.story())
				}
				at = *g.End
			}
			if at != *l.Departed {
				t.Fatalf("with %v, %s departs at %d: %s", factor, l.Visit, *l.Departed, l.story())
			}
		}
		if trucks == 0 && factor < 100 {
			t.Errorf("with %v no truck departs", factor)
		}
	}
}
