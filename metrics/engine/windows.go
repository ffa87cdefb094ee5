package engine

import (
	"slices"

	"dwell/metrics/window"
)

// windows are the windows in memory. There are about three to an event, in all more than a cache holds, and nothing
// costs as much as going to memory for one that was not at hand. So what events add is only noted at first, by the hour
// it belongs to; a flush takes one hour after the other, whose windows lie together.
type windows struct {
	clocks  []window.Clock // by BCP
	series  []series       // by BCP and direction
	hourly  arena[hour]
	daily   arena[day]
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
	hours, days starts
	last        uint32 // the hour that was looked up last
}

// hour has the windows of an hour and of its minutes.
type hour struct {
	table
	at  window.Key // of the hour's own windows, without a label
	end int32      // in minutes since the Unix epoch
	day uint32     // that it belongs to
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
		if s.last != 0 {
			if h := w.hourly.at(s.last); k.Start >= h.at.Start && k.Start < h.end {
				return h
			}
		}
		k = w.clocks[k.BCP].In(k, window.Hour)
	}
	i, known := s.hours.find(k.Start)
	if !known {
		s.hours = slices.Insert(s.hours, i, started{k.Start, w.hourly.make()})
		*w.hourly.at(s.hours[i].number) = hour{at: unlabelled(k), end: w.clocks[k.BCP].End(k), day: w.day(k)}
	}
	s.last = s.hours[i].number
	return w.hourly.at(s.last)
}

// dayOf is the day of an hour.
func (w *windows) dayOf(h *hour) *day { return w.daily.at(h.day) }

// day is the number of the day of an hour, or of the one with this very key.
func (w *windows) day(k window.Key) uint32 {
	if k.Grain != window.Day {
		k = w.clocks[k.BCP].In(k, window.Day)
	}
	s := &w.series[placeOf(k.BCP, k.Direction)]
	i, known := s.days.find(k.Start)
	if !known {
		s.days = slices.Insert(s.days, i, started{k.Start, w.daily.make()})
		w.daily.at(s.days[i].number).at = unlabelled(k)
	}
	return s.days[i].number
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
		return &w.daily.at(w.day(k)).table, spotOf(k, noMinute)
	}
	h := w.hour(k)
	return &h.table, h.spot(k)
}

// has says whether a window is in memory.
func (w *windows) has(k window.Key) bool {
	t, s := w.place(k)
	return t.has(&w.cells, s)
}

// cell is that of a spot.
func (w *windows) cell(t *table, s spot) *cell {
	c := s.seek(t.cells(&w.cells))
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
		s.hours = slices.DeleteFunc(s.hours, func(of started) bool {
			h := w.hourly.at(of.number)
			gone := w.ended(h.at, horizon)
			if gone {
				w.drop(&h.table)
				w.hourly.drop(of.number)
			}
			return gone
		})
		s.days = slices.DeleteFunc(s.days, func(of started) bool {
			d := w.daily.at(of.number)
			gone := w.ended(d.at, horizon)
			if gone {
				w.drop(&d.table)
				w.daily.drop(of.number)
			}
			return gone
		})
		s.last = 0
	}
}

func (w *windows) drop(t *table) {
	for i, cells := 0, t.cells(&w.cells); i < len(cells); i++ {
		w.several.drop(&cells[i])
	}
	if t.n > 0 {
		w.cells.give(t.piece, t.room)
	}
	w.n -= int(t.n)
}
