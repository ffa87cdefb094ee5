package engine

import (
	"dwell/ingest/event"
	"dwell/metrics/engine/mem"
	"dwell/metrics/window"
)

// cell is a window in memory, in sixteen bytes: there are two to four to an event, and most of them have one duration or
// none. Its mark is the number of the flush that it changed in last. The value of a count is the number; the value of a time
// is the duration in milliseconds while there is one, in which the BCP was not closed, and lies in multiValues from then on.
type cell = mem.Cell[slotKey, mem.Value]

// slotKey is the key of a window in its hour or day: measure, channel and regime. There is no measure 0, so no slot key is 0.
type slotKey uint32

const (
	regimeBits   = 3
	channelShift = regimeBits
	measureShift = channelShift + 3
)

func slotKeyOf(k window.Key) slotKey {
	return slotKey(k.Measure)<<measureShift | slotKey(k.Channel)<<channelShift | slotKey(k.Regime)
}

func (s slotKey) measure() window.Measure { return window.Measure(s >> measureShift) }

// of is the key of the window with this slot key in the hour or the day at.
func (s slotKey) of(at window.Key) window.Key {
	at.Measure, at.Channel, at.Regime = s.measure(), event.Channel(s>>channelShift&7), event.Regime(s&7)
	return at
}

func unlabelled(k window.Key) window.Key {
	k.Measure, k.Channel, k.Regime = 0, 0, 0
	return k
}
