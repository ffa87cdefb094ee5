package window

import "math/bits"

// Aggregate is what a window holds: a number of durations, their sums and their sketch. It only ever adds, so
// aggregates merge, and a correction takes away exactly what was added. A count has N alone.
type Aggregate struct {
	Sums
	Bins Bins
}

// Sums are an aggregate without its sketch.
type Sums struct {
	N int64
	// Sum is in milliseconds, SumSquares in milliseconds squared.
	Sum        int64
	SumSquares Uint128
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

// Part is one contribution as an aggregate takes it, worked out once for the minute, the hour and the day.
type Part struct {
	sign   int32
	time   bool
	bin    int16
	ms     int64
	square Uint128 // of ms
}

// PartOf is a duration in milliseconds, of which a measure that is no time has none; sign is +1, or -1 to take away
// what was added.
func PartOf(m Measure, ms int64, sign int32) Part {
	if !m.IsTime() {
		return Part{sign: sign}
	}
	hi, lo := bits.Mul64(uint64(ms), uint64(ms))
	return Part{sign: sign, time: true, bin: BinOf(ms), ms: ms, square: Uint128{hi, lo}}
}

// Bin is the bin that a part counts in, and by how much; ok is false of a count, which has none.
func (p *Part) Bin() (index int16, n int32, ok bool) { return p.bin, p.sign, p.time }

// Add adds a part.
func (a *Aggregate) Add(p Part) {
	a.Sums.Add(&p)
	if index, n, ok := p.Bin(); ok {
		a.Bins = a.Bins.Add(index, n)
	}
}

// Add adds a part but for its bin.
func (s *Sums) Add(p *Part) {
	s.N += int64(p.sign)
	if !p.time {
		return
	}
	if p.sign > 0 {
		s.Sum += p.ms
		s.SumSquares = s.SumSquares.add(p.square)
	} else {
		s.Sum -= p.ms
		s.SumSquares = s.SumSquares.sub(p.square)
	}
}

// Merge adds all of o.
func (a *Aggregate) Merge(o *Aggregate) {
	a.N += o.N
	a.Sum += o.Sum
	a.SumSquares = a.SumSquares.add(o.SumSquares)
	for _, b := range o.Bins {
		a.Bins = a.Bins.Add(b.Index, b.Count)
	}
}

// Zero says whether a difference changes nothing.
func (a *Aggregate) Zero() bool {
	return a.Sums == Sums{} && len(a.Bins) == 0
}

// Restatement is what one event changed of a window that was final, over all channels and regimes.
type Restatement struct {
	Key Key // without channel and regime
	// Offset is the event's.
	Offset int64
	// Change is what was added; of what was taken away, it is negative.
	Change Aggregate
}

// Row is a window as a table keeps it.
type Row struct {
	Key Key
	// AsOf is the offset up to which the shard's log is in this row.
	AsOf int64
	Aggregate
}
