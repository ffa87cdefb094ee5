package engine

import (
	"encoding/binary"
	"math"
	"slices"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
)

// Raw is what the records of a range of offsets contained, for the tables events, readings and dead_letters.
type Raw struct {
	Events      Events
	Readings    []QueueReading
	DeadLetters []event.DeadLetter
}

// Reset empties r and keeps its memory.
func (r *Raw) Reset() {
	r.Events.reset()
	clear(r.Readings)
	clear(r.DeadLetters)
	r.Readings, r.DeadLetters = r.Readings[:0], r.DeadLetters[:0]
}

// Bytes is about how much memory r holds.
func (r *Raw) Bytes() int {
	n := r.Events.Bytes() + 200*len(r.Readings)
	for i := range r.DeadLetters {
		d := &r.DeadLetters[i]
		n += 200 + len(d.Key) + len(d.Value) + len(d.Detail)
		for _, h := range d.Headers {
			n += 50 + len(h.Key) + len(h.Value)
		}
	}
	return n
}

// QueueReading is one reading of a queue that was made elsewhere, or the retraction of one, which observes nothing.
type QueueReading struct {
	Offset, Logged, Time, Recorded int64
	Source, Queue, ID              string
	Edition                        uint32
	BCP                            event.BCP
	Direction                      event.Direction
	event.Observation
	Retracted bool
}

// Version orders what the log has of one reading: of several rows the one with the highest counts, in whatever order and partition they come. A
// retraction is above all others. Of two readings of one id with other figures, which CloudEvents forbids, one counts by a hash of what they
// say; of two that say the same, the one that was logged first.
func (r *QueueReading) Version() uint64 {
	const top, hashed, seconds = 1 << 63, 31, 32
	if r.Retracted {
		return top
	}
	said := make([]byte, 0, 128)
	for _, n := range [...]int64{
		int64(r.Direction), r.Time, r.Vehicles, r.WaitSeconds, r.AgeSeconds, r.LanesOpen, r.ServiceRate, int64(r.State),
	} {
		said = binary.LittleEndian.AppendUint64(said, uint64(n))
	}
	said = append(said, r.Queue...)
	first := math.MaxUint32 - uint64(min(max(r.Logged/1000, 0), math.MaxUint32)) // a producer may date its records at will
	return xxhash.Sum64(said)>>(64-hashed)<<seconds | first
}

// Events are received events in columns, in the order of their offsets. All times are Unix milliseconds.
type Events struct {
	Offsets, Logged, Times, Recorded []int64
	Types                            []event.Type
	Directions                       []event.Direction
	Channels                         []event.Channel
	Regimes                          []event.Regime
	Kinds                            []event.InspectionKind
	Results                          []event.Result
	BCPs                             []event.BCP
	Agencies                         []event.Agency
	RetractedTimes                   []int64
	AppendTimes                      []bool
	Editions, RetractedEditions      []uint32

	text  []byte
	ends  []uint32 // of all texts, event by event
	first int      // of them that is the first event's
}

// The text columns of an event.
const (
	TextID = iota
	TextSource
	TextSubject
	TextLane
	TextHold
	TextRetractedID
	TextRetractedSource
	TextForwarded
	TextData
	texts
)

// Append adds the event of a record, and copies both.
func (c *Events) Append(r *event.Record, e *event.Event) {
	if len(c.Offsets) == cap(c.Offsets) {
		c.grow(max(1024, len(c.Offsets)))
	}
	c.Offsets = append(c.Offsets, r.Offset)
	c.Logged = append(c.Logged, r.Time)
	c.AppendTimes = append(c.AppendTimes, e.AppendTime)
	c.Times = append(c.Times, e.Time)
	c.Recorded = append(c.Recorded, e.Recorded)
	c.Types = append(c.Types, e.Type)
	c.Directions = append(c.Directions, e.Direction)
	c.Channels = append(c.Channels, e.Channel)
	c.Regimes = append(c.Regimes, e.Regime)
	c.Kinds = append(c.Kinds, e.Kind)
	c.Results = append(c.Results, e.Result)
	c.BCPs = append(c.BCPs, e.BCP)
	c.Agencies = append(c.Agencies, e.Agency)
	c.RetractedTimes = append(c.RetractedTimes, e.RetractedTime)
	c.Editions = append(c.Editions, e.Edition)
	c.RetractedEditions = append(c.RetractedEditions, e.RetractedEdition)
	var from []byte
	if e.Forwarded {
		from = r.Forwarded()
	}
	for _, t := range [texts][]byte{e.ID, e.Source, e.Subject, e.Lane, e.Hold, e.RetractedID, e.RetractedSource, from, e.Data} {
		c.text = append(c.text, t...)
		c.ends = append(c.ends, uint32(len(c.text)))
	}
}

// grow makes room for n more events. Left to append, it would come in many small steps.
func (c *Events) grow(n int) {
	for _, column := range []*[]int64{&c.Offsets, &c.Logged, &c.Times, &c.Recorded, &c.RetractedTimes} {
		*column = slices.Grow(*column, n)
	}
	c.Types, c.Kinds, c.Results = slices.Grow(c.Types, n), slices.Grow(c.Kinds, n), slices.Grow(c.Results, n)
	c.Directions, c.Channels, c.Regimes = slices.Grow(c.Directions, n), slices.Grow(c.Channels, n), slices.Grow(c.Regimes, n)
	c.BCPs, c.Agencies = slices.Grow(c.BCPs, n), slices.Grow(c.Agencies, n)
	c.AppendTimes = slices.Grow(c.AppendTimes, n)
	c.Editions, c.RetractedEditions = slices.Grow(c.Editions, n), slices.Grow(c.RetractedEditions, n)
	c.ends = slices.Grow(c.ends, texts*n)
	c.text = slices.Grow(c.text, max(128*n, len(c.text)))
}

// Len is the number of events.
func (c *Events) Len() int { return len(c.Offsets) }

// Bytes is about how much memory the events hold.
func (c *Events) Bytes() int {
	return c.end(len(c.ends)) - c.end(c.first) + c.Len()*(5*8+11+2*4+texts*4)
}

// end is where the text before the one of this number ends.
func (c *Events) end(number int) int {
	if number == 0 {
		return 0
	}
	return int(c.ends[number-1])
}

// Slice is the events from one to before another, of those in c, which it shares.
func (c *Events) Slice(from, to int) Events {
	return Events{
		Offsets: c.Offsets[from:to], Logged: c.Logged[from:to], Times: c.Times[from:to], Recorded: c.Recorded[from:to],
		Types: c.Types[from:to], Directions: c.Directions[from:to], Channels: c.Channels[from:to], Regimes: c.Regimes[from:to],
		Kinds: c.Kinds[from:to], Results: c.Results[from:to], BCPs: c.BCPs[from:to], Agencies: c.Agencies[from:to],
		RetractedTimes: c.RetractedTimes[from:to], AppendTimes: c.AppendTimes[from:to], Editions: c.Editions[from:to], RetractedEditions: c.RetractedEditions[from:to], text: c.text, ends: c.ends[:texts*to], first: c.first + texts*from,
	}
}

// Text returns a text column, one string for each event. The strings are valid until the next Append or Reset.
func (c *Events) Text(dst []string, column int) []string {
	all := unsafe.String(unsafe.SliceData(c.text), len(c.text))
	for i := c.first + column; i < len(c.ends); i += texts {
		dst = append(dst, all[c.end(i):c.ends[i]])
	}
	return dst
}

func (c *Events) reset() {
	c.Offsets, c.Logged, c.Times, c.Recorded = c.Offsets[:0], c.Logged[:0], c.Times[:0], c.Recorded[:0]
	c.Types, c.Directions, c.Channels, c.Regimes = c.Types[:0], c.Directions[:0], c.Channels[:0], c.Regimes[:0]
	c.Kinds, c.Results, c.BCPs, c.Agencies = c.Kinds[:0], c.Results[:0], c.BCPs[:0], c.Agencies[:0]
	c.RetractedTimes, c.AppendTimes, c.text, c.ends = c.RetractedTimes[:0], c.AppendTimes[:0], c.text[:0], c.ends[:0]
	c.Editions, c.RetractedEditions = c.Editions[:0], c.RetractedEditions[:0]
}
