package presume

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/visit"
)

// Held is the trucks inside that one holder has in one phase.
type Held struct {
	Phase  visit.Phase
	Holder event.Agency
	// Presumed says that no fact has told who has these trucks, and Learned that the holder was learned, and has a share; else the procedure says it.
	Presumed, Learned bool
	Trucks            int
	// Waits is the least number of waits that the holder of one of the trucks was learned from.
	Waits int
	// Sums of the shares of the trucks, in millionths: whole numbers, so that the order of trucks makes no difference.
	shares  int64
	seconds map[event.Agency]int64
}

// Share is the mean of the shares of the holder; 0 where nothing was learned.
func (h *Held) Share() float64 { return h.mean(h.shares) }

// Second is the holder that most often has the second largest share, weighed with it, and the sum of these by the number of trucks: at least so much
// of the time was charged to it. NoAgency where no other one had a share.
func (h *Held) Second() (second event.Agency, share float64) {
	most := int64(0)
	for _, a := range slices.Sorted(maps.Keys(h.seconds)) {
		if h.seconds[a] > most {
			second, most = a, h.seconds[a]
		}
	}
	return second, h.mean(most)
}

func (h *Held) mean(millionths int64) float64 {
	return float64(millionths) / 1e6 / float64(max(1, h.Trucks))
}

// heldKey tells the items apart.
type heldKey struct {
	phase             visit.Phase
	holder            event.Agency
	presumed, learned bool
}

// byKey is items by their keys.
type byKey map[heldKey]*Held

func (all byKey) of(k heldKey) *Held {
	h := all[k]
	if h == nil {
		h = &Held{Phase: k.phase, Holder: k.holder, Presumed: k.presumed, Learned: k.learned, seconds: map[event.Agency]int64{}}
		all[k] = h
	}
	return h
}

// sorted are the items in the order of phases and holders; those that are known before those that are presumed, and the procedure's before the learned.
func (all byKey) sorted() []Held {
	out := make([]Held, 0, len(all))
	for _, h := range all {
		out = append(out, *h)
	}
	slices.SortFunc(out, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder), compareBools(a.Presumed, b.Presumed), compareBools(a.Learned, b.Learned))
	})
	return out
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

// Inside are the trucks inside a BCP in a direction at an instant in Unix milliseconds, in the order of phases and holders. The hours may be
// shared. A wait began in the middle of its quarter of an hour.
func (t *Table) Inside(b event.BCP, d event.Direction, o *engine.Occupancy, h *hours.Hours, now int64) []Held {
	all := byKey{}
	var since []int64
	for c, n := range o.Classes {
		phase, holder, ok := c.Held.Segment()
		if !ok || n == 0 {
			continue
		}
		k := heldKey{phase: phase, holder: holder}
		if phase != visit.Wait || holder != t.rules.Unknown || c.Since == engine.NoQuarter {
			all.of(k).Trucks += n
			continue
		}
		if since == nil {
			since = Since(d, h, now)
		}
		const quarter = 15 * minute
		p := t.presume(b, d, KeyOf(c), ageSince(since, int64(c.Since)*quarter+quarter/2))
		if p.Basis != Nothing {
			k.holder, k.presumed, k.learned = p.Holder, true, p.Basis != Procedure
		}
		all.of(k).add(n, p)
	}
	return all.sorted()
}

// Since is, for each class of age, when a wait must have begun to be in it or an older one at an instant. The hours may be shared.
func Since(d event.Direction, h *hours.Hours, now int64) []int64 { return h.OpenSince(d, now, ages[:]) }

// Waiting says who has a truck that waits since an instant, at the one that since is of.
func (t *Table) Waiting(b event.BCP, d event.Direction, k Key, since []int64, began int64) Presumption {
	return t.presume(b, d, k, ageSince(since, began))
}

// ageSince is the class of a wait that began at an instant, where waits that began at since or before are in each class or an older one.
func ageSince(since []int64, began int64) int {
	age := 0
	for age+1 < len(since) && began <= since[age+1] {
		age++
	}
	return age
}

func (h *Held) add(trucks int, p Presumption) {
	if h.Trucks == 0 || p.Waits < h.Waits {
		h.Waits = p.Waits
	}
	h.Trucks += trucks
	millionths := func(share float64) int64 { return int64(trucks) * int64(math.Round(share*1e6)) }
	h.shares += millionths(p.Share)
	if p.Second != event.NoAgency {
		h.seconds[p.Second] += millionths(p.SecondShare)
	}
}

// Sum adds up items of the same phase and holder, as those of two directions.
func Sum(some []Held) []Held {
	all := byKey{}
	for i := range some {
		h := &some[i]
		sum := all.of(heldKey{h.Phase, h.Holder, h.Presumed, h.Learned})
		if sum.Trucks == 0 || h.Waits < sum.Waits {
			sum.Waits = h.Waits
		}
		sum.Trucks += h.Trucks
		sum.shares += h.shares
		for a, share := range h.seconds {
			sum.seconds[a] += share
		}
	}
	return all.sorted()
}
