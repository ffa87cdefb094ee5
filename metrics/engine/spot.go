package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// cell is a window in memory, in sixteen bytes: there are two to four to an event, and most of them hold one duration or
// none. Its mark is the number of the flush in which it last changed. Its value is of a count the number; of a time it is one
// duration in milliseconds while there is one in which the BCP was not closed, and lies in several from then on.
type cell = mem.Cell[spot, mem.Value]

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
