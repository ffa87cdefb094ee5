package variation

// Better says which values of a measure are better.
type Better int

// Lower is better of times (release, crossing, waits), of queues and of trucks inside. Higher is better of a share within target and of
// how many trucks are served. Of arrivals neither is: they are no achievement, and their signals have no verdict.
const (
	Lower  Better = -1
	Higher Better = 1
)

// Kind is what kind of variation the last day shows.
type Kind string

// The kinds. Common is the variation that the process always has: nothing happened that needs a cause.
const (
	Improved Kind = "better"
	Worse    Kind = "worse"
	Common   Kind = "common"
)

// Variation says of the last known day whether it is signalled, and whether that is for the better; nil where it has no limits yet.
func (c *Chart) Variation(b Better) *Kind {
	for i := len(c.Points) - 1; i >= 0; i-- {
		p := &c.Points[i]
		if p.N < Trucks && p.Baseline == len(c.Baselines)-1 {
			continue
		}
		if p.Limits == nil || p.Baseline != len(c.Baselines)-1 {
			return nil
		}
		kind := Common
		if p.Side == int(b) {
			kind = Improved
		} else if p.Side != 0 {
			kind = Worse
		}
		return &kind
	}
	return nil
}

// Assured says what can be expected of a target while the process stays as it was in its baseline.
type Assured string

// A target will be met or missed on all days if both limits are on one side of it, and otherwise on some days.
const (
	WillMeet   Assured = "will meet"
	WillMiss   Assured = "will miss"
	HitAndMiss Assured = "hit and miss"
)

// Assurance compares a target with the limits in force; nil where they are not known. A value equal to the target meets it.
func (c *Chart) Assurance(b Better, target float64) *Assured {
	if len(c.Baselines) == 0 {
		return nil
	}
	l := c.Baselines[len(c.Baselines)-1].Limits
	if l == nil {
		return nil
	}
	best, worst := l.Lower, l.Upper
	if b == Higher {
		best, worst = l.Upper, l.Lower
	}
	meets := func(v float64) bool { return v == target || (v > target) == (b == Higher) }
	assured := HitAndMiss
	if meets(worst) {
		assured = WillMeet
	} else if !meets(best) {
		assured = WillMiss
	}
	return &assured
}
