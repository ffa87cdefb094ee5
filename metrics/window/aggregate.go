package window

import (
	"math/bits"
	"slices"
)

// Aggregate is the contents of a window: a number of durations, their sums and their sketch. All fields are sums, so aggregates
// can be merged, and a correction subtracts exactly what was added. A count has only N.
type Aggregate struct {
	Sums
	Bins Bins
	Net  Net
}

// Sums are an aggregate without its sketch.
type Sums struct {
	N int64
	// Sum is in milliseconds, SumSquares in milliseconds squared.
	Sum        int64
	SumSquares Uint128
}

// Net is the durations of an aggregate net of the time in which the BCP was closed. Closed is the sum of closed milliseconds.
// While it is zero, net durations equal gross ones; the other fields are then left empty, and SumSquares and Bins of the
// aggregate are used instead.
type Net struct {
	Closed     int64
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

func squareOf(ms int64) Uint128 {
	hi, lo := bits.Mul64(uint64(ms), uint64(ms))
	return Uint128{hi, lo}
}

// Increment is what one contribution adds to an aggregate, or subtracts. It is computed once for the minute, the hour and the
// day.
type Increment struct {
	sign              int32
	time              bool
	bin, netBin       int16
	ms, closed        int64
	square, netSquare Uint128 // of ms, and of ms less closed
}

// IncrementOf returns the increment for a duration and the closed time in it, in milliseconds; both are zero for a count. Sign
// is +1, or -1 to subtract.
func IncrementOf(m Measure, ms, closed int64, sign int32) Increment {
	if !m.IsTime() {
		return Increment{sign: sign}
	}
	p := Increment{sign: sign, time: true, bin: BinOf(ms), ms: ms, square: squareOf(ms), closed: closed}
	p.netBin, p.netSquare = p.bin, p.square
	if closed != 0 {
		p.netBin, p.netSquare = BinOf(ms-closed), squareOf(ms-closed)
	}
	return p
}

// Bin returns the index of the gross bin and what to add to it; ok is false for a count, which has no bin.
func (p *Increment) Bin() (index int16, n int32, ok bool) { return p.bin, p.sign, p.time }

// NetBin returns the index of the net bin and what to add to it.
func (p *Increment) NetBin() (index int16, n int32) { return p.netBin, p.sign }

// Closed is how long the BCP was closed during the duration, in milliseconds.
func (p *Increment) Closed() int64 { return p.closed }

// Add applies an increment.
func (a *Aggregate) Add(p Increment) {
	if p.closed != 0 {
		a.splitNet()
	}
	net := p.closed != 0 || a.Net.Closed != 0
	a.Sums.Add(&p)
	if index, n, ok := p.Bin(); ok {
		a.Bins = a.Bins.Add(index, n)
		if net {
			a.Net.Add(&p)
			a.Net.Bins = a.Net.Bins.Add(p.netBin, n)
		}
	}
	a.clearEqualNet()
}

// splitNet copies the gross sums and bins to Net before the two begin to differ.
func (a *Aggregate) splitNet() {
	if a.Net.Closed == 0 {
		a.Net = Net{SumSquares: a.SumSquares, Bins: slices.Clone(a.Bins)}
	}
}

// clearEqualNet empties Net if net and gross durations are equal again.
func (a *Aggregate) clearEqualNet() {
	if a.Net.Closed == 0 {
		a.Net = Net{}
	}
}

// Add applies an increment without its bin.
func (s *Sums) Add(p *Increment) {
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

// Add applies the increment of a time without its bin.
func (n *Net) Add(p *Increment) {
	if p.sign > 0 {
		n.Closed += p.closed
		n.SumSquares = n.SumSquares.add(p.netSquare)
	} else {
		n.Closed -= p.closed
		n.SumSquares = n.SumSquares.sub(p.netSquare)
	}
}

// Merge adds all of o.
func (a *Aggregate) Merge(o *Aggregate) {
	if a.Net.Closed != 0 || o.Net.Closed != 0 {
		a.splitNet()
		net, bins := o.Net.SumSquares, o.Net.Bins
		if o.Net.Closed == 0 {
			net, bins = o.SumSquares, o.Bins
		}
		a.Net.Closed += o.Net.Closed
		a.Net.SumSquares = a.Net.SumSquares.add(net)
		for _, b := range bins {
			a.Net.Bins = a.Net.Bins.Add(b.Index, b.Count)
		}
	}
	a.N += o.N
	a.Sum += o.Sum
	a.SumSquares = a.SumSquares.add(o.SumSquares)
	for _, b := range o.Bins {
		a.Bins = a.Bins.Add(b.Index, b.Count)
	}
	a.clearEqualNet()
}

// NetBins is the sketch of the net durations.
func (a *Aggregate) NetBins() Bins {
	if a.Net.Closed == 0 {
		return a.Bins
	}
	return a.Net.Bins
}

// IsZero reports whether the aggregate is empty.
func (a *Aggregate) IsZero() bool { return a.Sums == Sums{} && len(a.Bins) == 0 && a.Net.Closed == 0 }

// Row is a window as stored in a table.
type Row struct {
	Key Key
	// AsOf is an offset: the row includes the events of the shard before it, and no others.
	AsOf int64
	Aggregate
}
