package simulator

import (
	"math"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"
)

// Milliseconds.
const (
	second int64 = 1000
	minute       = 60 * second
	hour         = 60 * minute
	day          = 24 * hour
)

// chance draws from one stream of random numbers. Each BCP has its own, so that its trucks do not depend on the other BCPs;
// faults have another, so that they do not change the truth.
type chance struct{ *rand.Rand }

func newChance(seed uint64, stream string) chance {
	return chance{rand.New(rand.NewPCG(seed, xxhash.Sum64String(stream)))}
}

func (c chance) is(share float64) bool { return share > 0 && c.Float64() < share }

// between is uniform in [low, high).
func (c chance) between(low, high int64) int64 { return low + c.Int64N(high-low) }

// about is a log-normal duration with this mean, in milliseconds; spread is the standard deviation over the mean. It is at
// least five seconds, so that a skewed clock keeps two facts apart, and at most ten days, so that no visit lapses.
func (c chance) about(mean int64, spread float64) int64 {
	variance := math.Log1p(spread * spread)
	x := math.Exp(c.NormFloat64()*math.Sqrt(variance) - variance/2)
	return min(max(int64(float64(mean)*x), 5*second), 10*day)
}

// wait is an exponential gap with this mean, in milliseconds, at least one.
func (c chance) wait(mean float64) int64 { return max(int64(c.ExpFloat64()*mean), 1) }

// scale is log-uniform between low and high.
func (c chance) scale(low, high int64) int64 {
	return int64(float64(low) * math.Pow(float64(high)/float64(low), c.Float64()))
}
