package engine

import (
	"dwell/ingest/place"
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// windows are the windows in memory. There are more than the processor's cache holds, and nothing costs as much as fetching
// one from memory. So the deltas of events are only collected at first, by the hour that they belong to; a flush applies them
// to one hour after the other, whose windows lie together.
type windows struct {
	clocks []window.Clock // by BCP
	series []series       // by BCP and direction
	hourly mem.Arena[hour]
	daily  mem.Arena[day]
	cells  mem.Tables[slotKey, mem.Value]
	multi  multiValues
	n      int // of windows in memory

	// dirty are the hours with deltas since the last flush.
	dirty      []*hour
	deltas     mem.Slab[delta]
	deltaCount int
	// flushes is the number of the last flush, and flushed what it changed: so many windows, in these hours and days.
	flushes        uint32
	flushed        []flushedTable
	flushedWindows int
}

// series has the windows of one BCP and direction.
type series struct {
	hours, days mem.Sorted[int32, mem.Ref]
	last        mem.Ref // the hour that was looked up last
}

// hour has the windows of an hour.
type hour struct {
	table mem.Table
	at    window.Key // of its windows, without measure, channel and regime
	end   int32      // in minutes since the Unix epoch
	day   mem.Ref    // that it belongs to
	// deltas are those since the last flush, in the order of their offsets.
	deltas mem.List
}

// day has the windows of a day.
type day struct {
	table mem.Table
	at    window.Key
	flush uint32 // the number of the last flush that changed it
}

func newWindows(places []place.Place) windows {
	w := windows{clocks: make([]window.Clock, 1+len(places)), series: make([]series, (1+len(places))*directions)} // there is no BCP 0
	for i := range places {
		w.clocks[1+i] = window.NewClock(places[i].Zone)
	}
	return w
}

// ended reports whether a window ended at or before an instant in Unix milliseconds.
func (w *windows) ended(k window.Key, at int64) bool {
	return int64(w.clocks[k.BCP].End(k))*60_000 <= at
}

// hour is the hour of a minute, or the hour with this key.
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

// day is the day of an hour, or the day with this key.
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

// find is the table and the slot key of a window.
func (w *windows) find(k window.Key) (*mem.Table, slotKey) {
	if k.Grain == window.Day {
		return &w.daily.At(w.day(k)).table, slotKeyOf(k)
	}
	return &w.hour(k).table, slotKeyOf(k)
}

// has reports whether a window is in memory.
func (w *windows) has(k window.Key) bool {
	t, s := w.find(k)
	return w.cells.Get(t, s) != nil
}

// cell is the cell of a slot key, which is added if it is not in the table.
func (w *windows) cell(t *mem.Table, s slotKey) *cell {
	c, added := w.cells.Put(t, s)
	if added {
		w.n++
		if s.measure().IsTime() {
			c.Value = mem.Empty
		}
	}
	return c
}

// restore takes a window from the store.
func (w *windows) restore(k window.Key, a *window.Aggregate) {
	t, s := w.find(k)
	c := w.cell(t, s)
	switch {
	case !k.Measure.IsTime():
		c.Value = mem.Value(a.N)
	case a.IsZero():
		c.Value = mem.Empty
	case a.N == 1 && a.Sum >= 0 && a.Net.Closed == 0:
		c.Value = mem.Value(a.Sum)
	default:
		w.multi.restore(c, a)
	}
}

// apply applies a delta to a window, which the current flush has then changed.
func (w *windows) apply(t *mem.Table, s slotKey, d *delta) {
	c := w.cell(t, s)
	if c.Mark != w.flushes {
		c.Mark = w.flushes
		w.flushedWindows++
	}
	switch {
	case !s.measure().IsTime():
		c.Value += mem.Value(d.sign)
	case c.Value == mem.Empty && d.sign > 0 && d.ms >= 0 && d.closed == 0:
		c.Value = mem.Value(d.ms)
	case c.Value == mem.Value(d.ms) && d.sign < 0 && d.ms >= 0 && d.closed == 0:
		c.Value = mem.Empty
	default:
		p := window.IncrementOf(s.measure(), d.ms, d.closed, d.sign)
		w.multi.add(w.multi.of(c), &p)
	}
}

// evict frees the hours and days that ended at or before the horizon, in Unix milliseconds. Their contents stay as they are
// until the next window is made.
func (w *windows) evict(horizon int64) {
	for s := range w.series {
		s := &w.series[s]
		s.hours.DeleteFunc(func(_ int32, r mem.Ref) bool {
			h := w.hourly.At(r)
			gone := w.ended(h.at, horizon)
			if gone {
				w.free(&h.table)
				w.hourly.Free(r)
			}
			return gone
		})
		s.days.DeleteFunc(func(_ int32, r mem.Ref) bool {
			d := w.daily.At(r)
			gone := w.ended(d.at, horizon)
			if gone {
				w.free(&d.table)
				w.daily.Free(r)
			}
			return gone
		})
		s.last = 0
	}
}

func (w *windows) free(t *mem.Table) {
	cells := w.cells.Cells(t)
	for i := range cells {
		w.multi.free(&cells[i])
	}
	w.cells.Free(t)
	w.n -= t.Len()
}
