package engine

import "dwell/metrics/window"

// durations are those of a window that holds several, or has held them, or one in which its BCP was closed.
type durations struct {
	window.Sums
	sketch sketch
	net    int32 // where its net durations are; 0 while they are as they are
}

// several are the memory of all durations.
type several struct {
	arena[durations]
	bins pool
	nets nets
}

// of are the durations of a time, which it holds there from now on.
func (s *several) of(c *cell) *durations {
	held := c.held
	if held < 0 && held != nothing {
		return s.at(uint32(^held))
	}
	i := s.make()
	c.held = ^int64(i)
	d := s.at(i)
	if held != nothing {
		only := window.PartOf(c.spot.measure(), held, 0, 1)
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
	s.bins.add(&d.sketch, index, n)
	if d.net != 0 {
		s.addNet(d, p)
	}
}

// put takes durations from the store.
func (s *several) put(c *cell, a *window.Aggregate) {
	d := s.of(c)
	d.Sums = a.Sums
	s.bins.set(&d.sketch, a.Bins)
	s.putNet(d, &a.Net)
}

// drop lets go of the durations of a cell. What they were stays as it is until others are made.
func (s *several) drop(c *cell) {
	if c.held >= 0 || c.held == nothing || !c.spot.measure().IsTime() {
		return
	}
	i := uint32(^c.held)
	d := s.at(i)
	s.bins.drop(&d.sketch)
	if d.net != 0 {
		s.nets.drop(d.net, &s.bins)
	}
	s.arena.drop(i)
}

// aggregate is what a window holds. Its bins are valid until durations are added, or the next call.
func (s *several) aggregate(c *cell, one *[1]window.Bin) window.Aggregate {
	switch held := c.held; {
	case !c.spot.measure().IsTime():
		return window.Aggregate{Sums: window.Sums{N: held}}
	case held == nothing:
		return window.Aggregate{}
	case held >= 0:
		only := window.PartOf(c.spot.measure(), held, 0, 1)
		a := window.Aggregate{}
		a.Sums.Add(&only)
		index, n, _ := only.Bin()
		one[0] = window.Bin{Index: index, Count: n}
		a.Bins = one[:]
		return a
	default:
		d := s.at(uint32(^held))
		a := window.Aggregate{Sums: d.Sums, Bins: s.bins.binsOf(&d.sketch)}
		if d.net != 0 {
			n := &s.nets.all[d.net]
			a.Net = n.Net
			a.Net.Bins = s.bins.binsOf(&n.sketch)
		}
		return a
	}
}
