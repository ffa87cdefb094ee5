package window

import (
	"math/bits"
	"slices"
)

// Aggregate is the contents of a window: a number of durations, their sums and their sketch. It only adds, so aggregates
// merge, and a correction subtracts exactly what was added. A count has only N.
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

// Net is the durations of an aggregate net of the time in which the BCP was closed. While Closed, the sum of closed
// milliseconds, is zero, net durations equal gross ones; the other fields are then zero and stand for SumSquares and Bins of
// the aggregate.
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

// Part is one contribution in the form that Add takes, computed once for the minute, the hour and the day.
type Part struct {
	sign              int32
	time              bool
	bin, netBin       int16
	ms, closed        int64
	square, netSquare Uint128 // of ms, and of ms less closed
}

// PartOf is a duration in milliseconds with its closed part, both zero for a count. Sign is +1, or -1 to subtract.
func PartOf(m Measure, ms, closed int64, sign int32) Part {
	if !m.IsTime() {
		return Part{sign: sign}
	}
	p := Part{sign: sign, time: true, bin: BinOf(ms), ms: ms, square: squareOf(ms), closed: closed}
	p.netBin, p.netSquare = p.bin, p.square
	if closed != 0 {
		p.netBin, p.netSquare = BinOf(ms-closed), squareOf(ms-closed)
	}
	return p
}

// Bin is the bin that a part counts in, and by how much; ok is false of a count, which has none.
func (p *Part) Bin() (index int16, n int32, ok bool) { return p.bin, p.sign, p.time }

// NetBin is the bin that a time counts in net of its closed part.
func (p *Part) NetBin() (index int16, n int32) { return p.netBin, p.sign }

// Closed is how much of a part the BCP was closed, in milliseconds.
func (p *Part) Closed() int64 { return p.closed }

// Add adds a part.
func (a *Aggregate) Add(p Part) {
	if p.closed != 0 {
		a.split()
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
	a.unite()
}

// split makes the net durations explicit, which equalled the gross ones.
func (a *Aggregate) split() {
	if a.Net.Closed == 0 {
		a.Net = Net{SumSquares: a.SumSquares, Bins: slices.Clone(a.Bins)}
	}
}

func (a *Aggregate) unite() {
	if a.Net.Closed == 0 {
		a.Net = Net{}
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

// Add adds a time but for its bin.
func (n *Net) Add(p *Part) {
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
		a.split()
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
	a.unite()
}

// NetBins is the sketch of the net durations.
func (a *Aggregate) NetBins() Bins {
	if a.Net.Closed == 0 {
		return a.Bins
	}
	return a.Net.Bins
}

// Zero says whether the aggregate is empty.
func (a *Aggregate) Zero() bool { return a.Sums == Sums{} && len(a.Bins) == 0 && a.Net.Closed == 0 }

// Row is a window as stored in a table.
type Row struct {
	Key Key
	// AsOf is the offset up to which the shard's log is in this row.
	AsOf int64
	Aggregate
}
