package shard

import (
	"iter"
	"math/bits"

	"dwell/ingest/event"
	"dwell/metrics/window"
)

// windows are the windows in memory. There are about three to an event, in all more than a cache holds, and nothing
// costs as much as going to memory for one that was not at hand. So they lie where they are used together: by BCP and
// direction, hour and minute; and they are small and without pointers.
type windows struct {
	clocks []window.Clock // by BCP
	series []series       // by BCP and direction
	pages  []*[page]kept  // all rows; row 0 is none
	made   int32          // rows
	free   int32          // the first of a chain of rows that are not in use
	bins   pool
	n      int

	// hours and days with a window that has changed since the last flush, and how many windows have.
	hours   []*hour
	days    []*day
	changed int
}

const page = 1024

// series has the windows of one BCP and direction.
type series struct {
	hours map[int32]*hour // by start
	days  map[int32]*day
	// hour and day are those that were looked up last.
	hour *hour
	day  *day
}

// hour has the windows of an hour and of its minutes, each in a chain of rows that begins at a head.
type hour struct {
	at      window.Key // without a label
	minutes [60]int32
	heads   [64]int32
	// changed has a bit set for every minute that has changed since the last flush, and one for the hour itself.
	changed uint64
}

const ownBit = 1 << 60

// day has the windows of a day.
type day struct {
	at      window.Key
	heads   [512]int32
	changed bool
}

// label tells the windows of one stretch of time apart: measure, channel, regime.
type label uint32

// kept is a window in memory.
type kept struct {
	label   label
	next    int32 // in its chain
	n       int64
	sum     int64
	squares window.Uint128
	sketch  sketch
	dirty   bool // has changed since the last flush
	// fresh is a minute that was not in memory at the last flush, nor in the store. Hour and day get it whole.
	fresh bool
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

func labelOf(k window.Key) label {
	return label(k.Measure)<<16 | label(k.Channel)<<8 | label(k.Regime)
}

func (l label) of(at window.Key) window.Key {
	at.Measure, at.Channel, at.Regime = window.Measure(l>>16), event.Channel(l>>8), event.Regime(l)
	return at
}

// hash spreads labels over 2^bits heads (Knuth, The Art of Computer Programming 6.4, multiplicative hashing).
func (l label) hash(bits int) uint32 { return uint32(l) * 0x9e3779b1 >> (32 - bits) }

func (h *hour) minute(k window.Key) *int32 { return &h.minutes[k.Start-h.at.Start] }

func (h *hour) bit(k window.Key) uint64 { return 1 << (k.Start - h.at.Start) }

func (h *hour) head(l label) *int32 { return &h.heads[l.hash(6)] }
func (d *day) head(l label) *int32  { return &d.heads[l.hash(9)] }

// ended says whether a window ended at or before an instant in Unix milliseconds.
func (w *windows) ended(k window.Key, at int64) bool {
	return int64(w.clocks[k.BCP].End(k))*60_000 <= at
}

// hour is that of a minute, or the one with this very key.
func (w *windows) hour(k window.Key) *hour {
	if k.Grain == window.Minute {
		k = w.clocks[k.BCP].In(k, window.Hour)
	}
	s := &w.series[placeOf(k.BCP, k.Direction)]
	if s.hour != nil && s.hour.at.Start == k.Start {
		return s.hour
	}
	if s.hour = s.hours[k.Start]; s.hour == nil {
		s.hour = &hour{at: label(0).of(k)}
		if s.hours == nil {
			s.hours = map[int32]*hour{}
		}
		s.hours[k.Start] = s.hour
	}
	return s.hour
}

// day is that of a minute or an hour, or the one with this very key.
func (w *windows) day(k window.Key) *day {
	if k.Grain != window.Day {
		k = w.clocks[k.BCP].In(k, window.Day)
	}
	s := &w.series[placeOf(k.BCP, k.Direction)]
	if s.day != nil && s.day.at.Start == k.Start {
		return s.day
	}
	if s.day = s.days[k.Start]; s.day == nil {
		s.day = &day{at: label(0).of(k)}
		if s.days == nil {
			s.days = map[int32]*day{}
		}
		s.days[k.Start] = s.day
	}
	return s.day
}

// head is where the chain of a window begins.
func (w *windows) head(k window.Key) *int32 {
	switch k.Grain {
	case window.Minute:
		return w.hour(k).minute(k)
	case window.Hour:
		return w.hour(k).head(labelOf(k))
	default:
		return w.day(k).head(labelOf(k))
	}
}

func (w *windows) row(i int32) *kept { return &w.pages[uint32(i)/page][uint32(i)%page] }

// find returns a window, nil if it is not in memory.
func (w *windows) find(k window.Key) *kept { return w.inChain(*w.head(k), labelOf(k)) }

func (w *windows) inChain(i int32, l label) *kept {
	for i != 0 {
		row := w.row(i)
		if row.label == l {
			return row
		}
		i = row.next
	}
	return nil
}

// insert makes a window that is not in memory.
func (w *windows) insert(head *int32, l label) *kept {
	i := w.free
	if i != 0 {
		w.free = w.row(i).next
	} else {
		w.made++
		if i = w.made; int(i/page) == len(w.pages) {
			w.pages = append(w.pages, new([page]kept))
		}
	}
	row := w.row(i)
	*row = kept{label: l, next: *head}
	*head = i
	w.n++
	return row
}

// put takes a window from the store.
func (w *windows) put(k window.Key, a *window.Aggregate) {
	row := w.insert(w.head(k), labelOf(k))
	w.bins.reserve(&row.sketch, len(a.Bins))
	b := w.aggregate(row)
	b.Merge(a)
	row.set(&b)
}

// add adds a part to a window, and says whether that is its first change since the last flush: touch must follow.
func (w *windows) add(row *kept, p window.Part) (first bool) {
	w.bins.reserve(&row.sketch, 1)
	a := w.aggregate(row)
	a.Add(p)
	row.set(&a)
	return row.change()
}

// addAll adds all of a fresh minute to the window of its label in an hour's or a day's chain, and says what add says.
func (w *windows) addAll(head *int32, minute *kept) (first bool) {
	row := w.inChain(*head, minute.label)
	if row == nil {
		row = w.insert(head, minute.label)
	}
	more := w.aggregate(minute)
	w.bins.reserve(&row.sketch, len(more.Bins))
	a := w.aggregate(row)
	a.Merge(&more)
	row.set(&a)
	return row.change()
}

func (w *windows) aggregate(row *kept) window.Aggregate {
	return window.Aggregate{N: row.n, Sum: row.sum, SumSquares: row.squares, Bins: w.bins.of(&row.sketch)}
}

// set takes over an aggregate of which the bins are in their place.
func (row *kept) set(a *window.Aggregate) {
	row.n, row.sum, row.squares, row.sketch.n = a.N, a.Sum, a.SumSquares, uint16(len(a.Bins))
}

func (row *kept) change() (first bool) {
	first = !row.dirty
	row.dirty = true
	return first
}

// touch notes that a window has changed.
func (w *windows) touch(k window.Key) {
	switch k.Grain {
	case window.Minute:
		h := w.hour(k)
		w.touchHour(h, h.bit(k))
	case window.Hour:
		w.touchHour(w.hour(k), ownBit)
	default:
		w.touchDay(w.day(k))
	}
}

func (w *windows) touchHour(h *hour, bit uint64) {
	w.changed++
	if h.changed == 0 {
		w.hours = append(w.hours, h)
	}
	h.changed |= bit
}

func (w *windows) touchDay(d *day) {
	w.changed++
	if !d.changed {
		d.changed = true
		w.days = append(w.days, d)
	}
}

// flush returns the windows that have changed, which it takes for written. On the way it adds the fresh minutes to their
// hours and days.
func (w *windows) flush(asOf int64) []window.Row {
	rows := make([]window.Row, 0, 2*w.changed)
	take := func(at window.Key, row *kept) {
		if row.dirty {
			row.dirty = false
			rows = append(rows, window.Row{Key: row.label.of(at), AsOf: asOf, Aggregate: w.aggregate(row)})
		}
	}
	for _, h := range w.hours {
		minute, day := h.at, w.day(h.at)
		minute.Grain = window.Minute
		for left := h.changed &^ ownBit; left != 0; left &= left - 1 {
			m := bits.TrailingZeros64(left)
			minute.Start = h.at.Start + int32(m)
			for row := range w.chain(h.minutes[m]) {
				take(minute, row)
				if row.fresh {
					row.fresh = false
					w.sumUp(row, h, day)
				}
			}
		}
		if h.changed&ownBit != 0 {
			for _, head := range h.heads {
				for row := range w.chain(head) {
					take(h.at, row)
				}
			}
		}
		h.changed = 0
	}
	for _, d := range w.days {
		for _, head := range d.heads {
			for row := range w.chain(head) {
				take(d.at, row)
			}
		}
		d.changed = false
	}
	clear(w.hours)
	clear(w.days)
	w.hours, w.days, w.changed = w.hours[:0], w.days[:0], 0
	return rows
}

// sumUp adds a fresh minute to its hour and day.
func (w *windows) sumUp(minute *kept, h *hour, d *day) {
	if w.addAll(h.head(minute.label), minute) {
		w.touchHour(h, ownBit)
	}
	if w.addAll(d.head(minute.label), minute) {
		w.touchDay(d)
	}
}

// chain yields the rows of a chain.
func (w *windows) chain(i int32) iter.Seq[*kept] {
	return func(yield func(*kept) bool) {
		for i != 0 {
			row := w.row(i)
			if !yield(row) {
				return
			}
			i = row.next
		}
	}
}

// evict lets go of the hours and days that ended at or before the horizon, in Unix milliseconds. What they held stays as
// it is until the next insert.
func (w *windows) evict(horizon int64) {
	for s := range w.series {
		s := &w.series[s]
		for start, h := range s.hours {
			if w.ended(h.at, horizon) {
				w.drop(h.minutes[:])
				w.drop(h.heads[:])
				delete(s.hours, start)
			}
		}
		for start, d := range s.days {
			if w.ended(d.at, horizon) {
				w.drop(d.heads[:])
				delete(s.days, start)
			}
		}
		s.hour, s.day = nil, nil
	}
}

func (w *windows) drop(heads []int32) {
	for _, i := range heads {
		for i != 0 {
			row := w.row(i)
			w.bins.drop(&row.sketch)
			i, row.next, w.free = row.next, w.free, i
			w.n--
		}
	}
}
