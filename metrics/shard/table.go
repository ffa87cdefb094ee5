package shard

import (
	"dwell/ingest/event"
	"dwell/metrics/window"
)

// table has the windows of a stretch of time, each in a cell at its spot's hash or, where that is taken, after it (Knuth,
// The Art of Computer Programming 6.4, algorithm L). At most three quarters of it is taken.
type table struct {
	cells []cell
	piece uint32 // that cells is, of the slab of cells
	room  room
	n     int
}

// cell is a window in memory, or free where its spot is 0. It has no pointers, so that the garbage collector need not look
// at it, and is as small as can be: there are two to four to an event, and most of them hold one duration or none.
type cell struct {
	spot    spot
	flushed uint32 // in which it last changed, by number
	// held is of a count the number. Of a time it is nothing while no duration is held, the duration in milliseconds while there
	// is one in which the BCP was not closed, and from then on the complement of where its durations are, however many.
	held int64
}

const nothing = -1 << 63

// spot tells the windows of an hour apart: the minute, or none of the hour's own, with measure, channel and regime. As
// there is no measure 0, none is 0.
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
	return uint32(uint64(uint32(s)*0x9e3779b1) * uint64(len(t.cells)) >> 32)
}

// seek returns the cell of a spot, or the free one that it would have, nil where there is no room.
func (t *table) seek(s spot) *cell {
	if t.cells == nil {
		return nil
	}
	for i := t.home(s); ; i = t.after(i) {
		if c := &t.cells[i]; c.spot == s || c.spot == 0 {
			return c
		}
	}
}

// has says whether a spot's window is in memory.
func (t *table) has(s spot) bool {
	c := t.seek(s)
	return c != nil && c.spot == s
}

// insert takes a spot that is not in memory into the free cell that seek returned. The cell holds nothing, and is where it
// is until the next insert.
func (t *table) insert(slab *slab[cell], c *cell, s spot) *cell {
	if t.n++; 4*t.n > 3*len(t.cells) {
		old := *t
		t.room = roomFor(max(4, len(old.cells)+1, (4*t.n+2)/3))
		t.piece = slab.take(t.room)
		t.cells = slab.of(t.piece, t.room, t.room.size())
		clear(t.cells)
		for i := range old.cells {
			if old.cells[i].spot != 0 {
				*t.seek(old.cells[i].spot) = old.cells[i]
			}
		}
		if old.cells != nil {
			slab.give(old.piece, old.room)
		}
		c = t.seek(s)
	}
	*c = cell{spot: s}
	if s.measure().IsTime() {
		c.held = nothing
	}
	return c
}

func (t *table) after(i uint32) uint32 {
	if i++; int(i) == len(t.cells) {
		return 0
	}
	return i
}
