package reliability

import (
	"math"

	"dwell/metrics/window"
)

// Share is how many of N trucks are within something.
type Share struct {
	Within, N int64
	// Share is that between 0 and 1; Low and High bound it with a confidence of 95 % (Wilson 1927). All are nil of fewer than Least trucks.
	Share, Low, High *float64
}

// z is the 97.5 % quantile of the normal distribution.
const z = 1.959963984540054

// ShareOf is a share with its Wilson interval: all true shares from which the one found is less than 1.96 standard errors away. Unlike
// the usual ± it holds for shares near 0 and 1, and never leaves them. The trucks of a day wait for the same things and are not independent, so that
// the interval is rather too narrow.
func ShareOf(within, n int64) Share {
	s := Share{Within: within, N: n}
	if n < Least {
		return s
	}
	of, k := float64(n), float64(within)
	p := k / of
	middle := (k + z*z/2) / (of + z*z)
	half := z / (of + z*z) * math.Sqrt(k*(of-k)/of+z*z/4)
	low, high := max(0, middle-half), min(1, middle+half)
	if within == 0 {
		low = 0 // and not what rounding leaves
	}
	if within == n {
		high = 1
	}
	s.Share, s.Low, s.High = &p, &low, &high
	return s
}

// Within is the share of the times of a sketch that are within a target, in seconds. A time is as long as its bin says, as it is for quantiles, so
// that up to window.RelativeError beside the target it can be on the other side of it.
func Within(bins window.Bins, target float64) Share {
	return ShareOf(within(bins, target), count(bins))
}

func within(bins window.Bins, seconds float64) (n int64) {
	for _, b := range bins {
		if window.ValueOf(b.Index) > seconds {
			break
		}
		n += int64(b.Count)
	}
	return n
}
