package window

import (
	"math"
	"slices"
)

// A sketch counts durations in logarithmic bins of base gamma = 2^(1/32). Bin i holds the durations in (gamma^(i-1),
// gamma^i] seconds. It is at once a DDSketch bin (Masson, Rim and Lee, VLDB 2019), an OpenTelemetry exponential
// histogram bucket at scale 5 (whose index is one less), and a Prometheus native histogram bucket at schema 5.

// Schema is the resolution: 2^Schema bins to a doubling.
const Schema = 5

// ZeroBin holds durations of zero, which have no logarithm.
const ZeroBin int16 = math.MinInt16

// RelativeError is how far a quantile may be from the exact one: (gamma-1)/(gamma+1), about 1.08 %.
var RelativeError = (math.Exp2(1.0/(1<<Schema)) - 1) / (math.Exp2(1.0/(1<<Schema)) + 1)

// bounds are the upper bounds of the bins between one half and one.
var bounds = func() (b [1 << Schema]float64) {
	for i := range b {
		b[i] = math.Exp2(float64(i+1)/(1<<Schema) - 1)
	}
	return b
}()

// cells cuts the numbers between one half and one so finely that there is at most one bound in a cell; first has, by
// cell, the first bound that is not below it.
const cells = 2 << Schema

var first = func() (f [cells]uint8) {
	for i := range f {
		at, _ := slices.BinarySearch(bounds[:], 0.5+float64(i)/(2*cells))
		f[i] = uint8(at)
	}
	return f
}()

// BinOf is the bin of a duration in milliseconds.
func BinOf(ms int64) int16 {
	if ms <= 0 {
		return ZeroBin
	}
	const mantissa = 52
	number := math.Float64bits(float64(ms) / 1000)
	half := number&(1<<mantissa-1) | 1022<<mantissa // between one half and one
	octave := int(number>>mantissa) - 1023          // of the largest power of two that is not above it
	if half == 1022<<mantissa {                     // that power, an upper bound, which belongs to the bin below
		return int16(octave << Schema)
	}
	at := int(first[number>>(mantissa-Schema-1)%cells])
	if bounds[at] < math.Float64frombits(half) {
		at++
	}
	return int16(octave<<Schema + at + 1)
}

// ValueOf is the duration in seconds that represents a bin: within RelativeError of every duration in it.
func ValueOf(bin int16) float64 {
	if bin == ZeroBin {
		return 0
	}
	gamma := math.Exp2(1.0 / (1 << Schema))
	return 2 * math.Exp2(float64(bin)/(1<<Schema)) / (1 + gamma)
}

// Bin is a number of durations in one bin; negative in a delta.
type Bin struct {
	Index int16
	Count int32
}

// Bins are a sketch: ordered by index, without empty bins.
type Bins []Bin

// Add counts n more durations in a bin.
func (b Bins) Add(index int16, n int32) Bins {
	at, to := 0, len(b)
	for at < to {
		if mid := int(uint(at+to) / 2); b[mid].Index < index {
			at = mid + 1
		} else {
			to = mid
		}
	}
	if at == len(b) || b[at].Index != index {
		return slices.Insert(b, at, Bin{index, n})
	}
	if b[at].Count += n; b[at].Count == 0 {
		return slices.Delete(b, at, at+1)
	}
	return b
}

// Quantile is the duration in seconds at rank ceil(q*n) of the n durations (nearest rank), within RelativeError; NaN if
// there are none.
func (b Bins) Quantile(q float64) float64 {
	var n int64
	for _, x := range b {
		n += int64(x.Count)
	}
	if n == 0 {
		return math.NaN()
	}
	rank := max(1, int64(math.Ceil(q*float64(n))))
	for _, x := range b {
		if rank -= int64(x.Count); rank <= 0 {
			return ValueOf(x.Index)
		}
	}
	return ValueOf(b[len(b)-1].Index)
}
