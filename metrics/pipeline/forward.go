package pipeline

import (
	"bytes"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// A visit is counted in one shard: that of its subject, whatever the key of a record is and however its producer chose the partition. A
// record that lies elsewhere is decoded where it lies, and its dead letter is there. It is judged too old there too, by that shard's
// watermark. Else it changes nothing there: no table, no watermark, no source's last event. It is forwarded before anything else of the
// flush is written, so a crash may forward it twice and never loses it; a second copy changes nothing in a visit.
//
// The copy is applied as any other record. It has the original's bytes, headers and time, and the event's subject as its key. A header
// says where the original lies, and a record that has it is never forwarded, so a forged one is counted where it lies: then a visit may
// be in two shards, which the audit reports.

// copies are records that are to be forwarded, with the bytes that they take.
type copies struct {
	records []event.Record
	bytes   int
}

// elsewhere reports whether an event belongs to another shard. Each shard has its own copy of what is about a place.
func (s *Shard) elsewhere(e *event.Event) bool {
	return s.PartitionOf != nil && !e.Forwarded && !e.OfPlace() && s.PartitionOf(e.Subject) != s.id
}

// mostForwarded is the largest copy, in bytes. A broker takes a little more by default, and would refuse the copy of what is larger
// again and again: that is a dead letter where it lies.
const mostForwarded = 1_000_000

// forwardLater takes a copy of the record of an event that belongs to another shard, or makes it a dead letter.
func (s *Shard) forwardLater(r *event.Record, e *event.Event) {
	if s.state.TooOld(r.Offset, r.Time, e) {
		s.reject(r, engine.RejectTooOld(e))
		return
	}
	c := r.Clone()
	c.Key = bytes.Clone(e.Subject)
	c.SetAllPartitions(false)
	c.SetForwarded(s.id)
	if sizeOf(&c) > mostForwarded {
		s.reject(r, &event.Rejection{Reason: event.TooLarge, Field: "message"})
		return
	}
	s.away.records = append(s.away.records, c)
	s.away.bytes += sizeOf(&c)
	s.batch.Forwarded[string(e.Source)]++
}

// sizeOf is about how much memory a record holds.
func sizeOf(r *event.Record) int {
	n := 200 + len(r.Key) + len(r.Value)
	for _, h := range r.Headers {
		n += 50 + len(h.Key) + len(h.Value)
	}
	return n
}
