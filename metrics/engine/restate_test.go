package engine

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"dwell/metrics/window"
)

// overall are the windows over all channels and regimes.
func overall(in map[window.Key]window.Aggregate) map[window.Key]window.Aggregate {
	out := map[window.Key]window.Aggregate{}
	for k, a := range in {
		k.Channel, k.Regime = 0, 0
		sum := out[k]
		sum.Merge(&a)
		out[k] = sum
	}
	return out
}

// TestRestatementIsTheDeltaOfAFinalWindow computes the windows afresh before and after every event of a log.
func TestRestatementIsTheDeltaOfAFinalWindow(t *testing.T) {
	cfg := testConfig(t)
	rapid.Check(t, func(t *rapid.T) {
		log := anyLog(cfg).Draw(t, "log")
		r := newRun(cfg)
		got := map[int64]map[window.Key]window.Change{}
		for r.next < int64(len(log)) {
			f, err := r.work(log, rapid.IntRange(1, 30).Draw(t, "batch"))
			if err != nil {
				t.Fatalf("%v", err)
			}
			for _, w := range f.windows {
				r.tables.writeWindow(w)
			}
			for _, v := range f.visits {
				r.tables.writeVisit(v)
			}
			for _, s := range f.Restatements {
				if got[s.Offset] == nil {
					got[s.Offset] = map[window.Key]window.Change{}
				}
				if _, twice := got[s.Offset][s.Key]; twice {
					t.Fatalf("restatement %+v occurs twice", s)
				}
				got[s.Offset][s.Key] = s.Change
			}
		}
		before, watermark, lead := map[window.Key]window.Aggregate{}, int64(never), newFollowed()
		for i := range log {
			after := overall(want(cfg, log[:i+1]))
			expected := 0
			for k, a := range after {
				end := endOf(cfg, k)
				b := before[k]
				if watermark == never || end > watermark || same(a, b) {
					continue
				}
				expected++
				checkChange(t, int64(i), k, b, a, got)
			}
			for k, b := range before { // what is not there any more
				end := endOf(cfg, k)
				if _, still := after[k]; still || end > watermark || b.IsZero() {
					continue
				}
				expected++
				checkChange(t, int64(i), k, b, window.Aggregate{}, got)
			}
			if n := len(got[int64(i)]); n != expected {
				t.Fatalf("event %d restated %d windows, want %d", i, n, expected)
			}
			lead.take(int64(i), &log[i])
			before, watermark = after, lead.latest-cfg.WatermarkDelay.Milliseconds()
		}
	})
}

func same(a, b window.Aggregate) bool {
	return a.Sums == b.Sums && slices.Equal(a.Bins, b.Bins) && a.Net.Closed == b.Net.Closed && slices.Equal(a.NetBins(), b.NetBins())
}

func checkChange(t *rapid.T, offset int64, k window.Key, before, after window.Aggregate, got map[int64]map[window.Key]window.Change) {
	change, ok := got[offset][k]
	if !ok {
		t.Fatalf("event %d changed final window %+v from %+v to %+v, and nothing says so", offset, k, before, after)
	}
	sum := window.Aggregate{Bins: slices.Clone(before.Bins)}
	sum.Sums = before.Sums
	sum.Merge(&window.Aggregate{Sums: change.Sums, Bins: change.Bins})
	netBins := slices.Clone(before.NetBins())
	for _, b := range change.NetBins {
		netBins = netBins.Add(b.Index, b.Count)
	}
	if sum.Sums != after.Sums || !slices.Equal(sum.Bins, after.Bins) ||
		before.Net.Closed+change.Closed != after.Net.Closed || !slices.Equal(netBins, after.NetBins()) {
		t.Fatalf("event %d, window %+v: %+v with the change %+v is not %+v", offset, k, before, change, after)
	}
}
