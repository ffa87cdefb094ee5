package shard

import (
	"dwell/ingest/event"
	"dwell/metrics/window"
)

// table finds the windows of a stretch of time by their spots in it.
type table struct {
	// index has the row of a spot at the spot's hash or, where that is taken, after it; 0 is free (Knuth, The Art of
	// Computer Programming 6.4, algorithm L). At most half of it is taken.
	index []int32
	piece uint32 // that index is, of the slab of indices
	room  room
	n     int
}

// rows are the memory of all windows, in pages so that none is ever copied. Row 0 is none.
type rows struct {
	pages   []*[page]kept
	made    int32
	free    []int32 // not in use
	indices slab[int32]
}

const page = 1024

// kept is a window in memory. It has no pointers, so that the garbage collector need not look at it.
type kept struct {
	window.Sums
	sketch  sketch
	spot    spot
	net     int32  // where its net durations are; 0 while they are as they are
	flushed uint32 // in which it last changed, by number
}

func (r *rows) at(i int32) *kept { return &r.pages[uint32(i)/page][uint32(i)%page] }

func (r *rows) make(s spot) int32 {
	var i int32
	if last := len(r.free) - 1; last >= 0 {
		i, r.free = r.free[last], r.free[:last]
	} else {
		r.made++
		if i = r.made; int(i/page) == len(r.pages) {
			r.pages = append(r.pages, new([page]kept))
		}
	}
	*r.at(i) = kept{spot: s}
	return i
}

// spot tells the windows of an hour apart: the minute, or none of the hour's own, with measure, channel and regime.
type spot uint32

const (
	regimeBits   = 3
	channelShift = regimeBits
	measureShift = channelShift + 3
	minuteShift  = measureShift + 16
	noMinute     = 60
)

func spotOf(k window.Key, minute int32) spot {
	return spot(minute)<<minuteShift | spot(k.Measure)<<measureShift | spot(k.Channel)<<channelShift | spot(k.Regime)
}

// whole is the spot of the hour's or the day's own window that this one is a part of.
func (s spot) whole() spot { return s&(1<<minuteShift-1) | noMinute<<minuteShift }

func (s spot) minute() int32 { return int32(s >> minuteShift) }

func (s spot) measure() window.Measure { return window.Measure(s >> measureShift) }

// of is the key of the window at this spot in the hour or the day at.
func (s spot) of(at window.Key) window.Key {
	if m := s.minute(); m != noMinute {
		at.Grain, at.Start = window.Minute, at.Start+m
	}
	at.Measure, at.Channel, at.Regime = s.measure(), event.Channel(s>>channelShift&7), event.Regime(s&7)
	return at
}

func unlabelled(k window.Key) window.Key {
	k.Measure, k.Channel, k.Regime = 0, 0, 0
	return k
}

// home is where the search for a spot begins (multiplicative hashing, Knuth 6.4).
func (t *table) home(s spot) uint32 {
	return uint32(uint64(uint32(s)*0x9e3779b1) * uint64(len(t.index)) >> 32)
}

// find returns the row of a spot, 0 if it is not in memory.
func (t *table) find(r *rows, s spot) int32 {
	if t.n == 0 {
		return 0
	}
	for i := t.home(s); ; i = t.after(i) {
		if row := t.index[i]; row == 0 || r.at(row).spot == s {
			return row
		}
	}
}

// insert makes the row of a spot that is not in memory.
func (t *table) insert(r *rows, s spot) int32 {
	if t.n++; 2*t.n > len(t.index) {
		old := *t
		t.room = roomFor(max(16, 2*len(old.index)))
		t.piece = r.indices.take(t.room)
		t.index = r.indices.of(t.piece, t.room, t.room.size())
		clear(t.index)
		for _, row := range old.index {
			if row != 0 {
				t.enter(r.at(row).spot, row)
			}
		}
		if old.index != nil {
			r.indices.give(old.piece, old.room)
		}
	}
	row := r.make(s)
	t.enter(s, row)
	return row
}

func (t *table) enter(s spot, row int32) {
	i := t.home(s)
	for t.index[i] != 0 {
		i = t.after(i)
	}
	t.index[i] = row
}

func (t *table) after(i uint32) uint32 {
	if i++; int(i) == len(t.index) {
		return 0
	}
	return i
}
