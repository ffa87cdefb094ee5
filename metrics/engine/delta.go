package engine

import (
	"cmp"
	"slices"

	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// delta is one contribution to an hour and its day, added or taken away by the events up to an offset.
type delta struct {
	offset     int64
	ms, closed int64
	key        slotKey
	sign       int32
}

// addDelta adds a delta to those of its hour.
func (w *windows) addDelta(offset int64, c window.Contribution, sign int32) {
	h := w.hour(c.Key)
	if h.deltas.Len() == 0 {
		w.dirty = append(w.dirty, h)
	}
	w.deltas.Append(&h.deltas, delta{offset, c.Ms, c.Closed, slotKeyOf(c.Key), sign})
	w.deltaCount++
}

// missing are the windows that have deltas, that ended at or before the horizon and that are not in memory.
func (w *windows) missing(horizon int64) []window.Key {
	var missing []window.Key
	seen := map[window.Key]bool{}
	note := func(t *mem.Table, at window.Key, s slotKey) {
		if w.cells.Get(t, s) != nil {
			return
		}
		if k := s.of(at); !seen[k] && w.ended(k, horizon) {
			seen[k] = true
			missing = append(missing, k)
		}
	}
	for _, h := range w.dirty {
		if int64(h.at.Start)*60_000 >= horizon {
			continue
		}
		day := w.dayOf(h)
		for _, d := range w.deltas.Items(h.deltas) {
			note(&h.table, h.at, d.key)
			note(&day.table, day.at, d.key)
		}
	}
	return missing
}

// applyDeltas applies all deltas to their windows; those are the flushed ones from now on. Missing windows have been
// restored; what is not in memory is not in the store. A delta is left out of a window that is ahead of it, as it may be
// while the shard replays. Deltas that cancel each other flush their window too: another instance may still write the row
// as of the offset in between at which deltas were collected, and must not be the last to have written it.
func (w *windows) applyDeltas(ahead map[window.Key]int64) {
	w.flushes++
	clear(w.flushed)
	w.flushed, w.flushedWindows = w.flushed[:0], 0
	// Hours of one day come one after the other, so that each finds the day in the processor's cache.
	slices.SortFunc(w.dirty, func(a, b *hour) int {
		return cmp.Or(cmp.Compare(a.at.BCP, b.at.BCP), cmp.Compare(a.at.Direction, b.at.Direction), cmp.Compare(a.at.Start, b.at.Start))
	})
	for _, h := range w.dirty {
		day := w.dayOf(h)
		w.flushed = append(w.flushed, flushedTable{h.at, &h.table})
		if day.flush != w.flushes {
			day.flush = w.flushes
			w.flushed = append(w.flushed, flushedTable{day.at, &day.table})
		}
		all := w.deltas.Items(h.deltas)
		for i := range all {
			d := &all[i]
			if len(ahead) == 0 || ahead[d.key.of(h.at)] <= d.offset {
				w.apply(&h.table, d.key, d)
			}
			if len(ahead) == 0 || ahead[d.key.of(day.at)] <= d.offset {
				w.apply(&day.table, d.key, d)
			}
		}
		w.deltas.Free(h.deltas)
		h.deltas = mem.List{}
	}
	clear(w.dirty)
	if w.deltaCount > windowsOf*spared {
		w.deltas = mem.Slab[delta]{}
	}
	w.dirty, w.deltaCount = w.dirty[:0], 0
}
