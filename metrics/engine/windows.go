package engine

import (
	"dwell/ingest/place"
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// windows are the windows in memory. There are about three to an event, in all more than a cache holds, and nothing
// costs as much as going to memory for one that was not at hand. So what events add is only noted at first, by the hour
// it belongs to; a flush takes one hour after the other, whose windows lie together.
type windows struct {
	clocks  []window.Clock // by BCP
	series  []series       // by BCP and direction
	hourly  mem.Arena[hour]
	daily   mem.Arena[day]
	cells   mem.Tables[spot, mem.Value]
	several several
	n       int // in memory

	// hours with differences since the last flush, which are in lists.
	hours       []*hour
	lists       mem.Slab[difference]
	differences int
	// flushes counts them, and changed is what the last one changed: so many windows, in these hours and days.
	flushes uint32
	changed []changed
	changes int
}

// series has the windows of one BCP and direction.
type series struct {
	hours, days mem.Sorted[int32, mem.Ref]
	last        mem.Ref // the hour that was looked up last
}

// hour has the windows of an hour and of its minutes.
type hour struct {
	table mem.Table
	at    window.Key // of the hour's own windows, without a label
	end   int32      // in minutes since the Unix epoch
	day   mem.Ref    // that it belongs to
	// changing are its differences since the last flush, in the order of their offsets.
	changing mem.List
}

// day has the windows of a day.
type day struct {
	table mem.Table
	at    window.Key
	flush uint32 // that changed it last, by number
}

func newWindows(places []place.Place) windows {
	w := windows{clocks: make([]window.Clock, 1+len(places)), series: make([]series, (1+len(places))*directions)} // there is no BCP 0
	for i := range places {
		w.clocks[1+i] = window.NewClock(places[i].Zone)
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
			if h := w.hourly.At(s.last); k.Start >= h.at.Start && k.Start < h.end {
				return h
			}
		}
		k = w.clocks[k.BCP].In(k, window.Hour)
	}
	r, known := s.hours.Get(k.Start)
	if !known {
		r = w.hourly.Make()
		s.hours.Put(k.Start, r)
		*w.hourly.At(r) = hour{at: unlabelled(k), end: w.clocks[k.BCP].End(k), day: w.day(k)}
	}
	s.last = r
	return w.hourly.At(r)
}

// dayOf is the day of an hour.
func (w *windows) dayOf(h *hour) *day { return w.daily.At(h.day) }

// day is the number of the day of an hour, or of the one with this very key.
func (w *windows) day(k window.Key) mem.Ref {
	if k.Grain != window.Day {
		k = w.clocks[k.BCP].In(k, window.Day)
	}
	s := &w.series[placeOf(k.BCP, k.Direction)]
	r, known := s.days.Get(k.Start)
	if !known {
		r = w.daily.Make()
		s.days.Put(k.Start, r)
		w.daily.At(r).at = unlabelled(k)
	}
	return r
}

// spot is that of a key in its hour or day.
func (h *hour) spot(k window.Key) spot {
	if k.Grain == window.Minute {
		return spotOf(k, k.Start-h.at.Start)
	}
	return spotOf(k, noMinute)
}

// place is the table and the spot of a key.
func (w *windows) place(k window.Key) (*mem.Table, spot) {
	if k.Grain == window.Day {
		return &w.daily.At(w.day(k)).table, spotOf(k, noMinute)
	}
	h := w.hour(k)
	return &h.table, h.spot(k)
}

// has says whether a window is in memory.
func (w *windows) has(k window.Key) bool {
	t, s := w.place(k)
	return w.cells.Get(t, s) != nil
}

// cell is that of a spot.
func (w *windows) cell(t *mem.Table, s spot) *cell {
	c, added := w.cells.Put(t, s)
	if added {
		w.n++
		if s.measure().IsTime() {
			c.Value = mem.Empty
		}
	}
	return c
}

// put takes a window from the store.
func (w *windows) put(k window.Key, a *window.Aggregate) {
	t, s := w.place(k)
	c := w.cell(t, s)
	switch {
	case !k.Measure.IsTime():
		c.Value = mem.Value(a.N)
	case a.Zero():
		c.Value = mem.Empty
	case a.N == 1 && a.Sum >= 0 && a.Net.Closed == 0:
		c.Value = mem.Value(a.Sum)
	default:
		w.several.put(c, a)
	}
}

// add adds a difference to a window, which this flush has then changed.
func (w *windows) add(t *mem.Table, s spot, d *difference) {
	c := w.cell(t, s)
	if c.Mark != w.flushes {
		c.Mark = w.flushes
		w.changes++
	}
	switch {
	case !s.measure().IsTime():
		c.Value += mem.Value(d.sign)
	case c.Value == mem.Empty && d.sign > 0 && d.ms >= 0 && d.closed == 0:
		c.Value = mem.Value(d.ms)
	case c.Value == mem.Value(d.ms) && d.sign < 0 && d.ms >= 0 && d.closed == 0:
		c.Value = mem.Empty
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
		s.hours.DeleteFunc(func(_ int32, r mem.Ref) bool {
			h := w.hourly.At(r)
			gone := w.ended(h.at, horizon)
			if gone {
				w.drop(&h.table)
				w.hourly.Free(r)
			}
			return gone
		})
		s.days.DeleteFunc(func(_ int32, r mem.Ref) bool {
			d := w.daily.At(r)
			gone := w.ended(d.at, horizon)
			if gone {
				w.drop(&d.table)
				w.daily.Free(r)
			}
			return gone
		})
		s.last = 0
	}
}

func (w *windows) drop(t *mem.Table) {
	cells := w.cells.Cells(t)
	for i := range cells {
		w.several.drop(&cells[i])
	}
	w.cells.Free(t)
	w.n -= t.Len()
}
