package window

// Restatement is what one event changed of a window that was final, over all channels and regimes.
type Restatement struct {
	Key Key // without channel and regime
	// Offset is the event's.
	Offset int64
	Change
}

// Change is a delta of an aggregate, negative where durations were subtracted. Net durations are always explicit, because in
// a delta their sum may be zero while they are not.
type Change struct {
	Sums
	Bins    Bins
	Closed  int64
	NetBins Bins
}

// Add applies an increment.
func (c *Change) Add(p Increment) {
	c.Sums.Add(&p)
	if index, n, ok := p.Bin(); ok {
		c.Bins = c.Bins.Add(index, n)
		c.Closed += int64(p.sign) * p.closed
		c.NetBins = c.NetBins.Add(p.netBin, n)
	}
}

// IsZero reports whether the change is empty.
func (c *Change) IsZero() bool {
	return c.Sums == Sums{} && len(c.Bins) == 0 && c.Closed == 0 && len(c.NetBins) == 0
}
