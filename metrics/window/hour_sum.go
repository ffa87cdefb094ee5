package window

import "slices"

// HourSum is the sum of the windows of an hour at a BCP over all directions, channels and regimes.
type HourSum struct {
	Counts  Counts
	Release Aggregate
	// Segments has each measure once, in no particular order.
	Segments []Segments
}

// Segments are a number of segments of one measure, such as wait at customs, with their time in milliseconds, also net of
// closed hours.
type Segments struct {
	Measure    Measure
	N, Ms, Net int64
}

// Add adds a window of the hour.
func (h *HourSum) Add(m Measure, a *Aggregate) {
	h.Counts.Add(m, a.N)
	if m == ReleaseTime {
		h.Release.Merge(a)
	} else if _, _, ok := m.Segment(); ok {
		h.add(Segments{m, a.N, a.Sum, a.Sum - a.Net.Closed})
	}
}

// Apply adds a contribution to the hour, or subtracts it where sign is -1.
func (h *HourSum) Apply(m Measure, ms, closed int64, sign int32) {
	n := int64(sign)
	h.Counts.Add(m, n)
	if m == ReleaseTime {
		h.Release.Add(IncrementOf(m, ms, closed, sign))
	} else if _, _, ok := m.Segment(); ok {
		h.add(Segments{m, n, n * ms, n * (ms - closed)})
	}
}

// Merge adds another hour.
func (h *HourSum) Merge(o *HourSum) {
	h.Counts.Merge(&o.Counts)
	h.Release.Merge(&o.Release)
	for _, g := range o.Segments {
		h.add(g)
	}
}

// Clone is a copy that shares no memory.
func (h *HourSum) Clone() *HourSum {
	c := *h
	c.Release.Bins, c.Release.Net.Bins = slices.Clone(h.Release.Bins), slices.Clone(h.Release.Net.Bins)
	c.Segments = slices.Clone(h.Segments)
	return &c
}

func (h *HourSum) add(g Segments) {
	for i := range h.Segments { // there are some twenty
		if sum := &h.Segments[i]; sum.Measure == g.Measure {
			sum.N, sum.Ms, sum.Net = sum.N+g.N, sum.Ms+g.Ms, sum.Net+g.Net
			return
		}
	}
	h.Segments = append(h.Segments, g)
}
