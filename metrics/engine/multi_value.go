package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// durations are those of a window that has several, or has had them, or one in which its BCP was closed.
type durations struct {
	window.Sums
	bins mem.List
	net  mem.Ref // of its net durations; 0 while none differs net
}

// multiValues is the memory of all durations of windows that have several.
type multiValues struct {
	durations mem.Arena[durations]
	bins      mem.Slab[window.Bin]
	nets      mem.Arena[netDurations]
}

// of are the durations of a cell, which lie here from now on.
func (m *multiValues) of(c *cell) *durations {
	if r, ok := c.Value.Multi(); ok {
		return m.durations.At(r)
	}
	r, single := m.durations.Make(), c.Value
	c.Value = mem.MultiValue(r)
	d := m.durations.At(r)
	if single != mem.Empty {
		p := window.IncrementOf(c.Key.measure(), int64(single), 0, 1)
		m.add(d, &p)
	}
	return d
}

// add applies an increment.
func (m *multiValues) add(d *durations, p *window.Increment) {
	if p.Closed() != 0 && d.net == 0 {
		m.split(d)
	}
	d.Sums.Add(p)
	index, n, _ := p.Bin()
	m.addBin(&d.bins, index, n)
	if d.net != 0 {
		m.addNet(d, p)
	}
}

// addBin counts n more durations in a bin.
func (m *multiValues) addBin(l *mem.List, index int16, n int32) {
	m.bins.Grow(l, 1)
	l.Resize(len(window.Bins(m.bins.Items(*l)).Add(index, n)))
}

// restore sets the durations of a cell to those of a row.
func (m *multiValues) restore(c *cell, a *window.Aggregate) {
	d := m.of(c)
	d.Sums = a.Sums
	m.bins.Set(&d.bins, a.Bins)
	m.restoreNet(d, &a.Net)
}

// free frees the durations of a cell, if there are any.
func (m *multiValues) free(c *cell) {
	r, ok := c.Value.Multi()
	if !ok || !c.Key.measure().IsTime() {
		return
	}
	d := m.durations.At(r)
	m.bins.Free(d.bins)
	if d.net != 0 {
		m.freeNet(d.net)
	}
	m.durations.Free(r)
}

// aggregate is that of a cell. Its bins are valid until durations are added, or the next call.
func (m *multiValues) aggregate(c *cell, one *[1]window.Bin) window.Aggregate {
	if !c.Key.measure().IsTime() {
		return window.Aggregate{Sums: window.Sums{N: int64(c.Value)}}
	}
	if c.Value == mem.Empty {
		return window.Aggregate{}
	}
	r, ok := c.Value.Multi()
	if !ok {
		p := window.IncrementOf(c.Key.measure(), int64(c.Value), 0, 1)
		a := window.Aggregate{}
		a.Sums.Add(&p)
		index, n, _ := p.Bin()
		one[0] = window.Bin{Index: index, Count: n}
		a.Bins = one[:]
		return a
	}
	d := m.durations.At(r)
	a := window.Aggregate{Sums: d.Sums, Bins: m.bins.Items(d.bins)}
	if d.net != 0 {
		n := m.nets.At(d.net)
		a.Net = window.Net{Closed: n.closed, SumSquares: n.sumSquares, Bins: m.bins.Items(n.bins)}
	}
	return a
}
