package workload

import (
	"cmp"
	"math"
	"slices"
)

// Window is the right answer for a BCP and a minute: how many trucks were released in it, and their release times in
// milliseconds, from their arrivals to their releases.
type Window struct {
	BCP string
	// Minute is the minute of the release, in minutes since the Unix epoch.
	Minute int32
	N      uint64
	Sum    int64
	// P50, P95 and P99 are exact: the release time at rank ceil(q*n).
	P50, P95, P99 int64
}

// truck is one that counts.
type truck struct {
	bcp    int32
	minute int32
	took   int64
}

// Truth is the right answer, ordered by BCP and minute. It plans the visits once more, and writes none of their events.
func Truth(cfg Config) ([]Window, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	var trucks []truck
	p := newPlanner(cfg)
	for v := p.next(); v != nil; v = p.next() {
		if v.released != 0 && !v.refused {
			trucks = append(trucks, truck{int32(v.bcp), int32(v.released / 60_000), v.released - v.arrived})
		}
	}
	slices.SortFunc(trucks, func(a, b truck) int {
		return cmp.Or(cmp.Compare(a.bcp, b.bcp), cmp.Compare(a.minute, b.minute), cmp.Compare(a.took, b.took))
	})
	ids := cfg.ids()
	var all []Window
	for len(trucks) > 0 {
		n := 1
		for n < len(trucks) && trucks[n].bcp == trucks[0].bcp && trucks[n].minute == trucks[0].minute {
			n++
		}
		all = append(all, window(ids[trucks[0].bcp], trucks[:n]))
		trucks = trucks[n:]
	}
	return all, nil
}

// window is of trucks that are ordered by the time that they took.
func window(bcp string, trucks []truck) Window {
	at := func(q float64) int64 { return trucks[int(math.Ceil(q*float64(len(trucks))))-1].took }
	w := Window{BCP: bcp, Minute: trucks[0].minute, N: uint64(len(trucks)), P50: at(0.5), P95: at(0.95), P99: at(0.99)}
	for _, t := range trucks {
		w.Sum += t.took
	}
	return w
}
