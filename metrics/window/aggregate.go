package window

import "math/bits"

// Aggregate is what a window holds: a number of durations, their sums and their sketch. It only ever adds, so
// aggregates merge, and a correction takes away exactly what was added. A count has N alone.
type Aggregate struct {
	N int64
	// Sum is in milliseconds, SumSquares in milliseconds squared.
	Sum        int64
	SumSquares Uint128
	Bins       Bins
}

// Uint128 is an unsigned number that wraps around; the squares of a year's durations do not fit 64 bits.
type Uint128 struct{ Hi, Lo uint64 }

func (u Uint128) add(o Uint128) Uint128 {
	lo, carry := bits.Add64(u.Lo, o.Lo, 0)
	hi, _ := bits.Add64(u.Hi, o.Hi, carry)
	return Uint128{hi, lo}
}

func (u Uint128) sub(o Uint128) Uint128 {
	lo, borrow := bits.Sub64(u.Lo, o.Lo, 0)
	hi, _ := bits.Sub64(u.Hi, o.Hi, borrow)
	return Uint128{hi, lo}
}

// Add counts a duration in milliseconds; sign is +1, or -1 to take it away. A measure that is no time has none.
func (a *Aggregate) Add(m Measure, ms int64, sign int32) {
	a.N += int64(sign)
	if !m.IsTime() {
		return
	}
	a.Sum += int64(sign) * ms
	hi, lo := bits.Mul64(uint64(ms), uint64(ms))
	if square := (Uint128{hi, lo}); sign > 0 {
		a.SumSquares = a.SumSquares.add(square)
	} else {
		a.SumSquares = a.SumSquares.sub(square)
	}
	a.Bins = a.Bins.add(BinOf(ms), sign)
}

// Merge adds all of o.
func (a *Aggregate) Merge(o *Aggregate) {
	a.N += o.N
	a.Sum += o.Sum
	a.SumSquares = a.SumSquares.add(o.SumSquares)
	for _, b := range o.Bins {
		a.Bins = a.Bins.add(b.Index, b.Count)
	}
}

// Zero says whether a difference changes nothing.
func (a *Aggregate) Zero() bool {
	return a.N == 0 && a.Sum == 0 && a.SumSquares == Uint128{} && len(a.Bins) == 0
}

// Row is a window as a table keeps it.
type Row struct {
	Key Key
	// AsOf is the offset up to which the shard's log is in this row.
	AsOf int64
	Aggregate
}
