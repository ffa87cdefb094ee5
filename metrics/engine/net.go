package engine

import "dwell/metrics/window"

// nets are the net durations of those windows of which any differs. Net 0 is none.
type nets struct {
	all  []keptNet
	free []int32 // not in use
}

// keptNet is window.Net of a window in memory.
type keptNet struct {
	window.Net // without Bins
	sketch     sketch
}

func (n *nets) make() int32 {
	if last := len(n.free) - 1; last >= 0 {
		i := n.free[last]
		n.free, n.all[i] = n.free[:last], keptNet{}
		return i
	}
	if len(n.all) == 0 {
		n.all = append(n.all, keptNet{})
	}
	n.all = append(n.all, keptNet{})
	return int32(len(n.all) - 1)
}

// drop gives one back. What it held stays as it is until it is made again.
func (n *nets) drop(i int32, bins *pool) {
	bins.drop(&n.all[i].sketch)
	n.free = append(n.free, i)
}

// split writes out the net durations of a window, which were net as they are.
func (s *several) split(d *durations) {
	d.net = s.nets.make()
	n := &s.nets.all[d.net]
	n.SumSquares = d.SumSquares
	s.bins.set(&n.sketch, s.bins.binsOf(&d.sketch))
}

// addNet adds a time to the net durations of a window.
func (s *several) addNet(d *durations, p *window.Part) {
	n := &s.nets.all[d.net]
	n.Net.Add(p)
	index, by := p.NetBin()
	s.bins.add(&n.sketch, index, by)
	if n.Closed == 0 {
		s.nets.drop(d.net, &s.bins)
		d.net = 0
	}
}

// putNet takes net durations from the store.
func (s *several) putNet(d *durations, from *window.Net) {
	if from.Closed == 0 {
		return
	}
	d.net = s.nets.make()
	n := &s.nets.all[d.net]
	n.Closed, n.SumSquares = from.Closed, from.SumSquares
	s.bins.set(&n.sketch, from.Bins)
}
