package shard

import (
	"cmp"
	"iter"
	"slices"

	"dwell/metrics/window"
)

// difference is one contribution to a minute, added or taken away by the events up to an offset. Hour and day get it too.
type difference struct {
	offset     int64
	ms, closed int64
	spot       spot
	sign       int32
}

// block is a piece of a chain of differences.
type block struct {
	next *block
	n    int
	all  [20]difference
}

// differ notes a difference.
func (w *windows) differ(offset int64, c window.Contribution, sign int32) {
	h := w.hour(c.Key)
	b := h.last
	if b == nil || b.n == len(b.all) {
		b = w.extend(h)
	}
	b.all[b.n] = difference{offset, c.Ms, c.Closed, h.spot(c.Key), sign}
	b.n++
	w.differences++
}

// extend makes room for more differences of an hour.
func (w *windows) extend(h *hour) *block {
	b := w.spare
	if b == nil {
		b = &block{}
	} else {
		w.spare, b.next, b.n = b.next, nil, 0
	}
	if h.last == nil {
		w.hours = append(w.hours, h)
		h.first = b
	} else {
		h.last.next = b
	}
	h.last = b
	return b
}

// differences yields those of an hour, in the order of their offsets.
func (h *hour) differences() iter.Seq[*difference] {
	return func(yield func(*difference) bool) {
		for b := h.first; b != nil; b = b.next {
			for i := range b.all[:b.n] {
				if !yield(&b.all[i]) {
					return
				}
			}
		}
	}
}

// missing are the windows that are to change, that ended at or before the horizon and that are not in memory.
func (w *windows) missing(horizon int64) []window.Key {
	var missing []window.Key
	seen := map[window.Key]bool{}
	note := func(t *table, at window.Key, s spot) {
		if t.has(s) {
			return
		}
		if k := s.of(at); !seen[k] && w.ended(k, horizon) {
			seen[k] = true
			missing = append(missing, k)
		}
	}
	for _, h := range w.hours {
		if int64(h.at.Start)*60_000 >= horizon {
			continue
		}
		for d := range h.differences() {
			s := d.spot
			note(&h.table, h.at, s)
			note(&h.table, h.at, s.whole())
			note(&h.day.table, h.day.at, s.whole())
		}
	}
	return missing
}

// flush adds the differences to their windows; those that have changed are now changed. Missing windows have been
// restored; what is not in memory is not in the store. A difference is left out of a window that is ahead of it, as it may
// be while the shard replays. A window is changed by what comes to nothing too: another instance may yet write the row as
// of the offset in between at which it was settled, and must not be the last to have written it.
func (w *windows) flush(ahead map[window.Key]int64) {
	w.flushes++
	clear(w.changed)
	w.changed, w.changes = w.changed[:0], 0
	w.spare = nil // what was not needed since the last flush
	// Hours of one day come one after the other, and so find it at hand.
	slices.SortFunc(w.hours, func(a, b *hour) int {
		return cmp.Or(cmp.Compare(a.at.BCP, b.at.BCP), cmp.Compare(a.at.Direction, b.at.Direction), cmp.Compare(a.at.Start, b.at.Start))
	})
	for _, h := range w.hours {
		w.changed = append(w.changed, changed{h.at, &h.table})
		if h.day.flush != w.flushes {
			h.day.flush = w.flushes
			w.changed = append(w.changed, changed{h.day.at, &h.day.table})
		}
		for d := range h.differences() {
			whole := d.spot.whole()
			if len(ahead) == 0 || ahead[d.spot.of(h.at)] <= d.offset {
				w.add(&h.table, d.spot, d)
			}
			if len(ahead) == 0 || ahead[whole.of(h.at)] <= d.offset {
				w.add(&h.table, whole, d)
			}
			if len(ahead) == 0 || ahead[whole.of(h.day.at)] <= d.offset {
				w.add(&h.day.table, whole, d)
			}
		}
		h.last.next, w.spare = w.spare, h.first
		h.first, h.last = nil, nil
	}
	clear(w.hours)
	if w.differences > windowsOf*spared {
		w.spare = nil
	}
	w.hours, w.differences = w.hours[:0], 0
}
