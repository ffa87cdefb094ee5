package shard

import "dwell/metrics/window"

// windows are the windows in memory. There are about three to an event, in all more than a cache holds, and nothing
// costs as much as going to memory for one that was not at hand. So what events add is only noted at first, by the hour
// it belongs to; a flush takes one hour after the other, whose windows lie together.
type windows struct {
	clocks  []window.Clock // by BCP
	series  []series       // by BCP and direction
	cells   slab[cell]
	several several
	n       int // in memory

	// hours with differences since the last flush, which are in lists.
	hours       []*hour
	lists       slab[difference]
	differences int
	// flushes counts them, and changed is what the last one changed: so many windows, in these hours and days.
	flushes uint32
	changed []changed
	changes int
}

// series has the windows of one BCP and direction.
type series struct {
	hours map[int32]*hour // by start
	days  map[int32]*day
	last  *hour // that was looked up last
}

// hour has the windows of an hour and of its minutes.
type hour struct {
	table
	at  window.Key // of the hour's own windows, without a label
	end int32      // in minutes since the Unix epoch
	day *day       // that it belongs to
	// changing are its differences since the last flush, in the order of their offsets.
	changing list
}

// day has the windows of a day.
type day struct {
	table
	at    window.Key
	flush uint32 // that changed it last, by number
}

func newWindows(places []Place) windows {
	w := windows{clocks: make([]window.Clock, len(places)), series: make([]series, len(places)*directions)}
	for b, p := range places {
		if p.Zone != nil { // there is no BCP 0
			w.clocks[b] = window.NewClock(p.Zone)
		}
	}
	return w
}

// ended says whether a window ended at or before an instant in Unix milliseconds.
func (w *windows) ended(k window.Key, at int64) bool {
	return int64(w.clocks[k.BCP].End(k))*60_000 <= at
}

// hour is that of a minute, or the one with this very key.
func (w *windows) hour(k window.Key) *hour {
	s := &w.series[placeOf(k.BCP, k.Direction)]
	if k.Grain == window.Minute {
		// An hour may be shorter than sixty minutes where the clocks change, and the next one then begins earlier.
		if h := s.last; h != nil && k.Start >= h.at.Start && k.Start < h.end {
			return h
		}
		k = w.clocks[k.BCP].In(k, window.Hour)
	}
	h := s.hours[k.Start]
	if h == nil {
		h = &hour{at: unlabelled(k), end: w.clocks[k.BCP].End(k), day: w.day(k)}
		if s.hours == nil {
			s.hours = map[int32]*hour{}
		}
		s.hours[k.Start] = h
	}
	s.last = h
	return h
}

// day is that of an hour, or the one with this very key.
func (w *windows) day(k window.Key) *day {
	if k.Grain != window.Day {
		k = w.clocks[k.BCP].In(k, window.Day)
	}
	s := &w.series[placeOf(k.BCP, k.Direction)]
	d := s.days[k.Start]
	if d == nil {
		d = &day{at: unlabelled(k)}
		if s.days == nil {
			s.days = map[int32]*day{}
		}
		s.days[k.Start] = d
	}
	return d
}

// spot is that of a key in its hour or day.
func (h *hour) spot(k window.Key) spot {
	if k.Grain == window.Minute {
		return spotOf(k, k.Start-h.at.Start)
	}
	return spotOf(k, noMinute)
}

// place is the table and the spot of a key.
func (w *windows) place(k window.Key) (*table, spot) {
	if k.Grain == window.Day {
		return &w.day(k).table, spotOf(k, noMinute)
	}
	h := w.hour(k)
	return &h.table, h.spot(k)
}

// has says whether a window is in memory.
func (w *windows) has(k window.Key) bool {
	t, s := w.place(k)
	return t.has(s)
}

// cell is that of a spot.
func (w *windows) cell(t *table, s spot) *cell {
	c := t.seek(s)
	if c == nil || c.spot != s {
		c = t.insert(&w.cells, c, s)
		w.n++
	}
	return c
}

// put takes a window from the store.
func (w *windows) put(k window.Key, a *window.Aggregate) {
	t, s := w.place(k)
	c := w.cell(t, s)
	switch {
	case !k.Measure.IsTime():
		c.held = a.N
	case a.Zero():
		c.held = nothing
	case a.N == 1 && a.Sum >= 0 && a.Net.Closed == 0:
		c.held = a.Sum
	default:
		w.several.put(c, a)
	}
}

// add adds a difference to a window, which this flush has then changed.
func (w *windows) add(t *table, s spot, d *difference) {
	c := w.cell(t, s)
	if c.flushed != w.flushes {
		c.flushed = w.flushes
		w.changes++
	}
	switch {
	case !s.measure().IsTime():
		c.held += int64(d.sign)
	case c.held == nothing && d.sign > 0 && d.ms >= 0 && d.closed == 0:
		c.held = d.ms
	case c.held == d.ms && d.sign < 0 && d.ms >= 0 && d.closed == 0:
		c.held = nothing
	default:
		p := window.PartOf(s.measure(), d.ms, d.closed, d.sign)
		w.several.add(w.several.of(c), &p)
	}
}

// evict lets go of the hours and days that ended at or before the horizon, in Unix milliseconds. What they held stays as
// it is until the next window is made.
func (w *windows) evict(horizon int64) {
	for s := range w.series {
		s := &w.series[s]
		for start, h := range s.hours {
			if w.ended(h.at, horizon) {
				delete(s.hours, start)
				w.drop(&h.table)
			}
		}
		for start, d := range s.days {
			if w.ended(d.at, horizon) {
				delete(s.days, start)
				w.drop(&d.table)
			}
		}
		s.last = nil
	}
}

func (w *windows) drop(t *table) {
	for i := range t.cells {
		w.several.drop(&t.cells[i])
	}
	if t.cells != nil {
		w.cells.give(t.piece, t.room)
	}
	w.n -= t.n
}
