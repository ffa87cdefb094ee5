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

func (m *multiValues) freeNet(r mem.Ref) {
	m.bins.Free(m.nets.At(r).bins)
	m.nets.Free(r)
}

// split writes out the net durations of a window, none of which differed net before.
func (m *multiValues) split(d *durations) {
	d.net = m.nets.Make()
	n := m.nets.At(d.net)
	n.sumSquares = d.SumSquares
	m.bins.Set(&n.bins, m.bins.Items(d.bins))
}

// addNet adds a time to the net durations of a window.
func (m *multiValues) addNet(d *durations, p *window.Increment) {
	n := m.nets.At(d.net)
	sum := window.Net{Closed: n.closed, SumSquares: n.sumSquares}
	sum.Add(p)
	n.closed, n.sumSquares = sum.Closed, sum.SumSquares
	index, by := p.NetBin()
	m.addBin(&n.bins, index, by)
	if n.closed == 0 {
		m.freeNet(d.net)
		d.net = 0
	}
}

// restoreNet sets net durations to those of a row.
func (m *multiValues) restoreNet(d *durations, from *window.Net) {
	if from.Closed == 0 {
		return
	}
	d.net = m.nets.Make()
	n := m.nets.At(d.net)
	n.closed, n.sumSquares = from.Closed, from.SumSquares
	m.bins.Set(&n.bins, from.Bins)
}
