package imports

import (
	"bytes"
	"fmt"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// statement is what a line says of an event.
type statement struct {
	entry    Entry
	line     int
	own      uint32 // the edition in the file
	subject  []byte
	recorded int64 // of the record
	ofPlace  bool
}

// state takes a line, which it copies.
func (b *batch) state(v *event.Vocabulary, l *source.Line) statement {
	e := l.Event
	said := *e
	said.Recorded = said.Time // when it was written down is not what it says
	from := len(b.text)
	b.text = event.AppendStructured(b.text, v, &said)
	content := xxhash.Sum64(b.text[from:])
	if l.Closed != source.NotSaid {
		content = content*31 + uint64(l.Closed)
	}
	message := b.text[from:len(b.text):len(b.text)]
	if l.Message != nil {
		b.text = append(b.text[:from], l.Message...)
		message = b.text[from:len(b.text):len(b.text)]
	}
	s := statement{
		line: l.Number, own: e.Edition, recorded: l.Recorded, ofPlace: e.OfPlace(), subject: b.kept(e.Subject),
		entry: Entry{
			Key: Key{Hash: b.hash(v, e)}, Content: content, Time: e.Time, Source: b.name(e.Source), BCP: v.BCPName(e.BCP), Closed: l.Closed, Event: message,
		},
	}
	if e.Type == event.QueueObserved {
		s.entry.Near = hourOf(e.Time)
	}
	if l.Closed != source.NotSaid {
		s.entry.ID = string(e.ID)
	}
	return s
}

func (b *batch) kept(s []byte) []byte {
	from := len(b.text)
	b.text = append(b.text, s...)
	return b.text[from:len(b.text):len(b.text)]
}

// hash is the Hash of an event's Key. Names have no zero byte.
func (b *batch) hash(v *event.Vocabulary, e *event.Event) uint64 {
	k := append(append(b.key[:0], v.BCPName(e.BCP)...), 0)
	k = append(append(k, e.Subject...), 0)
	k = append(append(k, e.Source...), 0)
	k = append(k, e.ID...)
	if e.Edition > 0 {
		k = strconv.AppendUint(append(k, 0), uint64(e.Edition), 10)
	}
	b.key = k
	return xxhash.Sum64(k)
}

func hourOf(ms int64) int64 {
	const hour = int64(time.Hour / time.Millisecond)
	return ms - (ms%hour+hour)%hour
}

// records appends to the records what the log gets of an entry.
func (s *statement) records(to []event.Record) []event.Record {
	if len(s.entry.Retraction) > 0 {
		r := event.StructuredRecord(s.subject, s.entry.Retraction, s.entry.Time)
		r.SetAllPartitions(string(s.subject) == s.entry.BCP)
		to = append(to, r)
	}
	if s.entry.Appended {
		r := event.StructuredRecord(s.subject, inEdition(s.entry.Event, s.own, s.entry.Edition), s.recorded)
		r.SetAllPartitions(s.ofPlace)
		to = append(to, r)
	}
	return to
}

// inEdition is a message, which has the edition own, in another one. Of a member that comes twice, the last counts.
func inEdition(message []byte, own, edition uint32) []byte {
	if own == edition {
		return message
	}
	message = bytes.TrimRight(message, " \t\r\n")
	return fmt.Appendf(nil, `%s,"edition":%d}`, message[:len(message)-1], edition)
}

// restate is the statement of an entry that is stored with its message.
func (d *decoder) restate(stored Entry) (statement, error) {
	e, recorded, err := d.read(stored.Event)
	if err != nil {
		return statement{}, err
	}
	return statement{entry: stored, own: e.Edition, subject: bytes.Clone(e.Subject), recorded: recorded, ofPlace: e.OfPlace()}, nil
}

// decoder reads messages that were valid when they were imported.
type decoder struct {
	of    *event.Decoder
	event event.Event
}

// read reads a message, and the time that its record should have. The event is valid until the next one.
func (d *decoder) read(message []byte) (*event.Event, int64, error) {
	r := event.StructuredRecord(nil, message, 0)
	d.of.Reset()
	if why := d.of.DecodeMessage(&r, func(*event.Event) int64 { return event.Latest }, &d.event); why != nil {
		return nil, 0, fmt.Errorf("an imported event is not valid any more, so it cannot be sent or taken back: %w: %.200q", why, message)
	}
	return &d.event, d.event.Recorded, nil
}

// retraction is the message that takes back an event which the log has in an edition.
func (d *decoder) retraction(v *event.Vocabulary, live *Entry) ([]byte, error) {
	e, _, err := d.read(live.Event)
	if err != nil {
		return nil, err
	}
	return event.AppendStructured(nil, v, &event.Event{
		Type: event.EventRetracted, ID: fmt.Appendf(nil, "dwell-import/%016x/%d", live.Hash, live.Edition), Source: e.Source, Subject: e.Subject,
		// Dated as what it takes back: one that is dated now would move the watermark from a file of years ago to today.
		Time: e.Time, Recorded: e.Time, BCP: e.BCP,
		RetractedID: e.ID, RetractedSource: e.Source, RetractedEdition: live.Edition, RetractedTime: e.Time,
	}), nil
}
