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
	Trucks int
	// Presumed says that no fact has told who has these trucks.
	Presumed bool
	// Shared is how many of the presumed trucks have a share, and Share the mean of these; the procedure has none.
	Shared int
	Share  float64
	// Second is the holder with the next largest share, of all these trucks together, and SecondShare the mean of its shares. NoAgency where no
	// other one had a share.
	Second      event.Agency
	SecondShare float64
}

// Inside are the trucks inside a BCP in a direction at an instant in Unix milliseconds, in the order of phases and holders. The hours may be
// shared. A wait began in the middle of its quarter of an hour.
func (t *Table) Inside(b event.BCP, d event.Direction, o *engine.Occupancy, h *hours.Hours, now int64) []Held {
	sums := map[heldKey]*heldSum{}
	var since []int64 // when a wait must have begun to be in each class of age now
	for c, n := range o.Classes {
		phase, holder, ok := c.Held.Segment()
		if !ok || n == 0 {
			continue
		}
		k := heldKey{phase, holder, false}
		if phase != visit.Wait || holder != t.rules.Unknown || c.Since == engine.NoQuarter {
			sumOf(sums, k).trucks += n
			continue
		}
		if since == nil {
			since = h.OpenSince(d, now, ages[:])
		}
		const quarter = 15 * minute
		began := int64(c.Since)*quarter + quarter/2
		age := max(0, sortedBefore(since, began)-1)
		p := t.presume(b, d, KeyOf(c), age)
		if p.Basis != Nothing {
			k.holder, k.presumed = p.Holder, true
		}
		sumOf(sums, k).add(n, p)
	}
	all := make([]Held, 0, len(sums))
	for k, s := range sums {
		all = append(all, s.held(k))
	}
	slices.SortFunc(all, func(a, b Held) int {
		return cmp.Or(cmp.Compare(a.Phase, b.Phase), cmp.Compare(a.Holder, b.Holder))
	})
	return all
}

// sortedBefore is how many of the instants, which descend, are not before one.
func sortedBefore(instants []int64, at int64) (n int) {
	for n < len(instants) && instants[n] >= at {
		n++
	}
	return n
}

type heldKey struct {
	phase    visit.Phase
	holder   event.Agency
	presumed bool
}

// heldSum adds shares in millionths, so that the order of classes makes no difference.
type heldSum struct {
	trucks, shared int
	share          int64
	seconds        map[event.Agency]int64
}

func millionths(trucks int, share float64) int64 { return int64(trucks) * int64(math.Round(share*1e6)) }

func sumOf(sums map[heldKey]*heldSum, k heldKey) *heldSum {
	s := sums[k]
	if s == nil {
		s = &heldSum{}
		sums[k] = s
	}
	return s
}

func (s *heldSum) add(trucks int, p Presumption) {
	s.trucks += trucks
	if p.Share == 0 {
		return
	}
	s.shared += trucks
	s.share += millionths(trucks, p.Share)
	if p.Second != event.NoAgency {
		if s.seconds == nil {
			s.seconds = map[event.Agency]int64{}
		}
		s.seconds[p.Second] += millionths(trucks, p.SecondShare)
	}
}

func (s *heldSum) held(k heldKey) Held {
	h := Held{Phase: k.phase, Holder: k.holder, Trucks: s.trucks, Presumed: k.presumed, Shared: s.shared}
	if s.shared == 0 {
		return h
	}
	mean := func(sum int64) float64 { return float64(sum) / 1e6 / float64(s.shared) }
	h.Share = mean(s.share)
	for _, a := range slices.Sorted(maps.Keys(s.seconds)) {
		if share := mean(s.seconds[a]); share > h.SecondShare {
			h.Second, h.SecondShare = a, share
		}
	}
	return h
}
