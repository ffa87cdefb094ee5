package shard

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
func (w *windows) split(row *kept) {
	row.net = w.nets.make()
	n := &w.nets.all[row.net]
	n.SumSquares = row.SumSquares
	w.bins.set(&n.sketch, w.bins.of(&row.sketch))
}

// addNet adds a time to the net durations of a window.
func (w *windows) addNet(row *kept, p *window.Part) {
	n := &w.nets.all[row.net]
	n.Net.Add(p)
	index, by := p.NetBin()
	w.bins.add(&n.sketch, index, by)
	if n.Closed == 0 {
		w.nets.drop(row.net, &w.bins)
		row.net = 0
	}
}

// putNet takes net durations from the store.
func (w *windows) putNet(row *kept, from *window.Net) {
	if from.Closed == 0 {
		return
	}
	row.net = w.nets.make()
	n := &w.nets.all[row.net]
	n.Closed, n.SumSquares = from.Closed, from.SumSquares
	w.bins.set(&n.sketch, from.Bins)
}

// aggregate is what a window holds. Its bins are those of the pool.
func (w *windows) aggregate(row *kept) window.Aggregate {
	a := window.Aggregate{Sums: row.Sums, Bins: w.bins.of(&row.sketch)}
	if row.net != 0 {
		n := &w.nets.all[row.net]
		a.Net = n.Net
		a.Net.Bins = w.bins.of(&n.sketch)
	}
	return a
}
