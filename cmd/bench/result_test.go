package main

import (
	"maps"
	"math"
	"strings"
	"testing"

	"dwell/cmd/bench/workload"
)

// correctResult returns an oracle and a result that agrees with it.
func correctResult() ([]workload.Window, result) {
	truth := []workload.Window{
		{BCP: "BCP-001", Minute: 100, N: 3, Sum: 60_000, P50: 20_000, P95: 30_000, P99: 30_000},
		{BCP: "BCP-001", Minute: 101, N: 1},
		{BCP: "BCP-002", Minute: 100, N: 1, Sum: 5000, P50: 5000, P95: 5000, P99: 5000},
	}
	return truth, result{
		{"BCP-001", 100}: {3, 60_000, 20_200, 29_700, 30_000},
		{"BCP-001", 101}: {1, 0, 0, 0, 0},
		{"BCP-002", 100}: {1, 5000, 5000, 5000, 5000},
	}
}

func TestEveryWrongAnswerIsReported(t *testing.T) {
	truth, good := correctResult()
	if wrong := differences(truth, good, 10); len(wrong) > 0 {
		t.Fatalf("a correct result is reported as wrong: %q", wrong)
	}
	at := windowKey{"BCP-001", 100}
	for _, planted := range []struct {
		what, want string
		plant      func(r result)
	}{
		{"a truck was counted twice", "BCP-001 minute 100: n is 4, want 3", func(r result) { a := r[at]; a.n++; r[at] = a }},
		{"a release is a millisecond late", "the sum is 60001 ms, want 60000", func(r result) { a := r[at]; a.sum++; r[at] = a }},
		{"a quantile is 1.2 % off", "p50 is 20240.0 ms, want 20000", func(r result) { a := r[at]; a.p50 = 20_240; r[at] = a }},
		{"a quantile is not a number", "p99 is NaN ms, want 30000", func(r result) { a := r[at]; a.p99 = math.NaN(); r[at] = a }},
		{"a quantile is 1 ms where every time is zero", "BCP-001 minute 101: p95 is 1.0 ms, want 0", func(r result) { a := r[windowKey{"BCP-001", 101}]; a.p95 = 1; r[windowKey{"BCP-001", 101}] = a }},
		{"a late truck was dropped", "BCP-002 minute 100: missing, want n 1", func(r result) { delete(r, windowKey{"BCP-002", 100}) }},
		{"a window has a truck that was never released", "BCP-002 minute 460: n is 1, but no truck was released", func(r result) { r[windowKey{"BCP-002", 460}] = answer{n: 1} }},
	} {
		bad := maps.Clone(good)
		planted.plant(bad)
		wrong := differences(truth, bad, 10)
		if len(wrong) != 1 || !strings.Contains(wrong[0], planted.want) {
			t.Errorf("%s: %q, want %q", planted.what, wrong, planted.want)
		}
	}
	if wrong := differences(truth, result{}, 2); len(wrong) != 2 {
		t.Errorf("%d differences are listed, want 2", len(wrong))
	}
}

func TestSketchQuantileMatchesTheSketchOfDwell(t *testing.T) {
	s := sketch{-1000: 1, 35: 1, 349: 17, 400: 1}
	for q, want := range map[float64]float64{0.01: 0, 0.1: peerScale(35), 0.5: peerScale(349), 0.95: peerScale(349), 0.99: peerScale(400)} {
		if got := s.quantile(q, peerScale); got != want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
	for _, ms := range []float64{1, 2, 999, 3_600_000, 400_000_000} {
		bin := int(math.Ceil(math.Log(ms) / math.Log(1.02)))
		if got := peerScale(bin); math.Abs(got-ms) > 0.01*ms {
			t.Errorf("%v ms are in bin %d, whose value is %v", ms, bin, got)
		}
	}
	if got := (sketch{}).quantile(0.5, peerScale); !math.IsNaN(got) {
		t.Errorf("the median of an empty sketch is %v, want NaN", got)
	}
}
