// Package normalize writes what the messages of an agency's own topic say to the topic of events.
//
// It promises that each message becomes events, or one dead letter with its bytes and coordinates, or is passed over as its mapping says;
// that these are acknowledged before the offset behind the message is committed; that a message that is read again, after a crash or a
// rebalance, gives the same events under the same ids, so that they count once; and that a topic that was made anew, or that another consumer of the
// group has read, is read from its beginning (checkpoint.go). It refuses to write a part of what it knows to be unusable: the records of a message
// that can be used are events though others of it are refused. What a message means is the translator's matter.
//
// A message without an id of its own, and each dead letter, is known by topic, partition, offset and the hash of its bytes: a topic that was made anew has
// other messages at the same offsets.
package normalize

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
	"dwell/ingest/source"
)

// Translator makes events of messages (source.Messages).
type Translator interface {
	Translate(message []byte, origin string, now time.Time, each func(source.Line, error) error) (passed int, err error)
}

// Log is the topic of events; a write returns when it is acknowledged.
type Log interface {
	Write(ctx context.Context, records ...event.Record) error
}

// Refused takes dead letters; it is letters.Writer.
type Refused interface {
	Write(ctx context.Context, letters []event.DeadLetter) error
}

// Count is what messages became. A message is one or several records: Records is the sum of Events, Refused and Passed.
type Count struct {
	Messages, Records, Events, Refused, Passed int
}

// Parts are what a Partition works with.
type Parts struct {
	Translator Translator
	Log        Log
	Refused    Refused
	Topic      Topic
	// Commit takes the offset behind what is written, with the metadata that Resume needs, whenever one of them has changed.
	Commit func(next int64, metadata string)
	// Unchecked is called with why the log could not be compared with what was read of it. That is tried again.
	Unchecked func(err error)
	// Normalized is called with what was written.
	Normalized func(c Count)
	// Left is called with how many messages of the partition have yet to be written, where that is known: when messages are handled, so that
	// those count which cannot be written, and after each write.
	Left func(messages int64)
	Now  func() time.Time
}

// Partition is one partition of an agency's topic. It is not for concurrent use.
type Partition struct {
	topic  string
	number int
	parts  Parts

	records []event.Record
	letters []event.DeadLetter
	count   Count
	from    int64 // before it all is written
	next    int64 // before it all is handled
	end     int64 // -1 if it is not known

	written struct { // is committed
		next     int64
		metadata string
	}

	last     checkpoint // the last message that was handled
	verified checkpoint // one that the log had when it was last compared
	checked  time.Time  // when that was
}

// NewPartition is for the messages of a partition of a topic, from any offset on.
func NewPartition(topic string, number int, parts Parts) *Partition {
	return &Partition{topic: topic, number: number, parts: parts}
}

// Handle takes the messages before offset next, in the order of offsets; end is the end of the partition, -1 if it is not known. Their
// bytes are copied. Nothing is written.
func (p *Partition) Handle(messages []event.Record, next, end int64) error {
	if p.count.Messages == 0 {
		p.from = next
		if len(messages) > 0 {
			p.from = messages[0].Offset
		}
	}
	p.end = end
	p.left()
	for i := range messages {
		if err := p.message(&messages[i]); err != nil {
			return err
		}
	}
	p.next = next
	return nil
}

func (p *Partition) left() {
	if p.end >= 0 {
		p.parts.Left(max(0, p.end-p.from))
	}
}

func (p *Partition) message(m *event.Record) error {
	p.count.Messages++
	hash := xxhash.Sum64(m.Value)
	var letter event.DeadLetter
	refuse := func(reason event.Reason, detail string) {
		p.count.Records++
		p.count.Refused++
		if letter.Reason == "" {
			letter = event.DeadLetter{Record: m.Clone(), Origin: event.MessageOrigin(p.topic, p.number, m.Offset, hash), Reason: reason, Detail: detail}
			return
		}
		letter.Detail += "; " + detail
	}
	if m.Unreadable != "" {
		refuse(event.UnreadableBatch, string(event.UnreadableBatch)+": "+m.Unreadable)
		p.letters = append(p.letters, letter)
		return nil
	}
	p.last = at(m)
	now := p.parts.Now()
	origin := fmt.Sprintf("%s/%d/%d@%016x", p.topic, p.number, m.Offset, hash)
	passed, err := p.parts.Translator.Translate(m.Value, origin, now, func(l source.Line, err error) error {
		var bad *source.LineError
		switch {
		case errors.As(err, &bad):
			detail := string(bad.Reason) + ": " + bad.Text
			if bad.Line > 1 {
				detail = fmt.Sprintf("%s: record %d: %s", bad.Reason, bad.Line, bad.Text)
			}
			refuse(bad.Reason, detail)
		case err != nil:
			return err
		default:
			r := event.StructuredRecord([]byte(string(l.Event.Subject)), l.Message, now.UnixMilli())
			r.SetAllPartitions(l.Event.OfPlace())
			p.records = append(p.records, r)
			p.count.Records++
			p.count.Events++
		}
		return nil
	})
	if letter.Reason != "" {
		p.letters = append(p.letters, letter)
	}
	p.count.Passed += passed
	p.count.Records += passed
	return err
}

// Write writes what Handle has taken, and commits its offset then. After an error nothing is committed. A RereadError says that the log is not
// the one that was read before.
func (p *Partition) Write(ctx context.Context) error {
	if err := p.check(ctx); err != nil {
		return err
	}
	if err := p.parts.Refused.Write(ctx, p.letters); err != nil {
		return err
	}
	if err := p.parts.Log.Write(ctx, p.records...); err != nil {
		return err
	}
	if metadata := p.verified.metadata(); p.next != p.written.next || metadata != p.written.metadata {
		p.parts.Commit(p.next, metadata)
		p.written.next, p.written.metadata = p.next, metadata
	}
	p.parts.Normalized(p.count)
	p.from = p.next
	p.left()
	p.records, p.letters, p.count = p.records[:0], p.letters[:0], Count{}
	return nil
}
