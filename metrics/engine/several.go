package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// durations are those of a window that holds several, or has held them, or one in which its BCP was closed.
type durations struct {
	window.Sums
	bins mem.List
	net  mem.Ref // where its net durations are; 0 while they are as they are
}

// several are the memory of all durations.
type several struct {
	all  mem.Arena[durations]
	bins mem.Slab[window.Bin]
	nets mem.Arena[netDurations]
}

// of are the durations of a time, which it holds there from now on.
func (s *several) of(c *cell) *durations {
	if r, ok := c.Value.Multi(); ok {
		return s.all.At(r)
	}
	r, held := s.all.Make(), c.Value
	c.Value = mem.MultiValue(r)
	d := s.all.At(r)
	if held != mem.Empty {
		only := window.PartOf(c.Key.measure(), int64(held), 0, 1)
		s.add(d, &only)
	}
	return d
}

// add adds a part.
func (s *several) add(d *durations, p *window.Part) {
	if p.Closed() != 0 && d.net == 0 {
		s.split(d)
	}
	d.Sums.Add(p)
	index, n, _ := p.Bin()
	s.addBin(&d.bins, index, n)
	if d.net != 0 {
		s.addNet(d, p)
	}
}

// addBin counts n more durations in a bin.
func (s *several) addBin(l *mem.List, index int16, n int32) {
	s.bins.Grow(l, 1)
	l.Resize(len(window.Bins(s.bins.Items(*l)).Add(index, n)))
}

// put takes durations from the store.
func (s *several) put(c *cell, a *window.Aggregate) {
	d := s.of(c)
	d.Sums = a.Sums
	s.bins.Set(&d.bins, a.Bins)
	s.putNet(d, &a.Net)
}

// drop lets go of the durations of a cell. What they were stays as it is until others are made.
func (s *several) drop(c *cell) {
	r, ok := c.Value.Multi()
	if !ok || !c.Key.measure().IsTime() {
		return
	}
	d := s.all.At(r)
	s.bins.Free(d.bins)
	if d.net != 0 {
		s.dropNet(d.net)
	}
	s.all.Free(r)
}

// aggregate is what a window holds. Its bins are valid until durations are added, or the next call.
func (s *several) aggregate(c *cell, one *[1]window.Bin) window.Aggregate {
	if !c.Key.measure().IsTime() {
		return window.Aggregate{Sums: window.Sums{N: int64(c.Value)}}
	}
	if c.Value == mem.Empty {
		return window.Aggregate{}
	}
	r, ok := c.Value.Multi()
	if !ok {
		only := window.PartOf(c.Key.measure(), int64(c.Value), 0, 1)
		a := window.Aggregate{}
		a.Sums.Add(&only)
		index, n, _ := only.Bin()
		one[0] = window.Bin{Index: index, Count: n}
		a.Bins = one[:]
		return a
	}
	d := s.all.At(r)
	a := window.Aggregate{Sums: d.Sums, Bins: s.bins.Items(d.bins)}
	if d.net != 0 {
		n := s.nets.At(d.net)
		a.Net = window.Net{Closed: n.closed, SumSquares: n.sumSquares, Bins: s.bins.Items(n.bins)}
	}
	return a
}
