package engine

import (
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// netDurations are window.Net of a window of which any duration differs net.
type netDurations struct {
	closed     int64
	sumSquares window.Uint128
	bins       mem.List
}

// dropNet lets go of net durations. What they were stays as it is until others are made.
func (s *several) dropNet(r mem.Ref) {
	s.bins.Free(s.nets.At(r).bins)
	s.nets.Free(r)
}

// split writes out the net durations of a window, which were net as they are.
func (s *several) split(d *durations) {
	d.net = s.nets.Make()
	n := s.nets.At(d.net)
	n.sumSquares = d.SumSquares
	s.bins.Set(&n.bins, s.bins.Items(d.bins))
}

// addNet adds a time to the net durations of a window.
func (s *several) addNet(d *durations, p *window.Part) {
	n := s.nets.At(d.net)
	sum := window.Net{Closed: n.closed, SumSquares: n.sumSquares}
	sum.Add(p)
	n.closed, n.sumSquares = sum.Closed, sum.SumSquares
	index, by := p.NetBin()
	s.addBin(&n.bins, index, by)
	if n.closed == 0 {
		s.dropNet(d.net)
		d.net = 0
	}
}

// putNet takes net durations from the store.
func (s *several) putNet(d *durations, from *window.Net) {
	if from.Closed == 0 {
		return
	}
	d.net = s.nets.Make()
	n := s.nets.At(d.net)
	n.closed, n.sumSquares = from.Closed, from.SumSquares
	s.bins.Set(&n.bins, from.Bins)
}
