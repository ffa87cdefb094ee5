package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/window"
)

// table has the windows of a stretch of time, each in a cell at its spot's hash or, where that is taken, after it (Knuth,
// The Art of Computer Programming 6.4, algorithm L). At most three quarters of it is taken. An empty one has no piece of the
// slab of cells.
type table struct {
	piece uint32
	n     uint32 // cells that are taken
	room  room
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

// cells are those of a table, taken or not.
func (t *table) cells(slab *slab[cell]) []cell {
	if t.n == 0 {
		return nil
	}
	return slab.of(t.piece, t.room, t.room.size())
}

// home is where the search for a spot begins (multiplicative hashing, Knuth 6.4).
func (s spot) home(cells []cell) int {
	return int(uint64(uint32(s)*0x9e3779b1) * uint64(len(cells)) >> 32)
}

// seek returns the cell of a spot, or the free one that it would have, nil where there is no room.
func (s spot) seek(cells []cell) *cell {
	if len(cells) == 0 {
		return nil
	}
	for i := s.home(cells); ; {
		if c := &cells[i]; c.spot == s || c.spot == 0 {
			return c
		}
		if i++; i == len(cells) {
			i = 0
		}
	}
}

// has says whether a spot's window is in memory.
func (t *table) has(slab *slab[cell], s spot) bool {
	c := s.seek(t.cells(slab))
	return c != nil && c.spot == s
}

// insert takes a spot that is not in memory into the free cell that seek returned. The cell holds nothing, and is where it
// is until the next insert.
func (t *table) insert(slab *slab[cell], c *cell, s spot) *cell {
	old := *t
	if t.n++; t.n == 1 || 4*t.n > 3*t.room.size() {
		before := old.cells(slab)
		t.room = roomFor(max(4, len(before)+1, (4*int(t.n)+2)/3))
		t.piece = slab.take(t.room)
		cells := t.cells(slab)
		clear(cells)
		for i := range before {
			if s := before[i].spot; s != 0 {
				*s.seek(cells) = before[i]
			}
		}
		if before != nil {
			slab.give(old.piece, old.room)
		}
		c = s.seek(cells)
	}
	*c = cell{spot: s}
	if s.measure().IsTime() {
		c.held = nothing
	}
	return c
}
