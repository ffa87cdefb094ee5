package engine

import (
	"cmp"
	"slices"

	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// difference is one contribution to a minute, added or taken away by the events up to an offset. Hour and day get it too.
type difference struct {
	offset     int64
	ms, closed int64
	spot       spot
	sign       int32
}

// differ notes a difference.
func (w *windows) differ(offset int64, c window.Contribution, sign int32) {
	h := w.hour(c.Key)
	if h.changing.Len() == 0 {
		w.hours = append(w.hours, h)
	}
	w.lists.Append(&h.changing, difference{offset, c.Ms, c.Closed, h.spot(c.Key), sign})
	w.differences++
}

// missing are the windows that are to change, that ended at or before the horizon and that are not in memory.
func (w *windows) missing(horizon int64) []window.Key {
	var missing []window.Key
	seen := map[window.Key]bool{}
	note := func(t *mem.Table, at window.Key, s spot) {
		if w.cells.Get(t, s) != nil {
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
		day := w.dayOf(h)
		for _, d := range w.lists.Items(h.changing) {
			s := d.spot
			note(&h.table, h.at, s)
			note(&h.table, h.at, s.whole())
			note(&day.table, day.at, s.whole())
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
	// Hours of one day come one after the other, and so find it at hand.
	slices.SortFunc(w.hours, func(a, b *hour) int {
		return cmp.Or(cmp.Compare(a.at.BCP, b.at.BCP), cmp.Compare(a.at.Direction, b.at.Direction), cmp.Compare(a.at.Start, b.at.Start))
	})
	for _, h := range w.hours {
		day := w.dayOf(h)
		w.changed = append(w.changed, changed{h.at, &h.table})
		if day.flush != w.flushes {
			day.flush = w.flushes
			w.changed = append(w.changed, changed{day.at, &day.table})
		}
		all := w.lists.Items(h.changing)
		for i := range all {
			d := &all[i]
			whole := d.spot.whole()
			if len(ahead) == 0 || ahead[d.spot.of(h.at)] <= d.offset {
				w.add(&h.table, d.spot, d)
			}
			if len(ahead) == 0 || ahead[whole.of(h.at)] <= d.offset {
				w.add(&h.table, whole, d)
			}
			if len(ahead) == 0 || ahead[whole.of(day.at)] <= d.offset {
				w.add(&day.table, whole, d)
			}
		}
		w.lists.Free(h.changing)
		h.changing = mem.List{}
	}
	clear(w.hours)
	if w.differences > windowsOf*spared {
		w.lists = mem.Slab[difference]{}
	}
	w.hours, w.differences = w.hours[:0], 0
}
