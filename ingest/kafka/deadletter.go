package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"
)

// DeadLetter is a record that cannot be used, with the reason and where it lies.
type DeadLetter struct {
	// Reason is one of a fixed list of words, Detail is for people.
	Reason, Detail string
	Topic          string
	Partition      int
	Offset         int64
	// Time is the record's own timestamp in Unix milliseconds.
	Time       int64
	Key, Value []byte
	Headers    []Header
}

// The headers that a dead letter bears before those of the record itself.
const (
	ReasonHeader    = "dwell-reason"
	DetailHeader    = "dwell-detail"
	TopicHeader     = "dwell-topic"
	PartitionHeader = "dwell-partition"
	OffsetHeader    = "dwell-offset"
	// TimeHeader is the record's own timestamp in Unix milliseconds. The dead letter's is that of its writing: with the
	// record's a broker might refuse it (Kafka 4 does from an hour ahead), or retention delete it at once. Where the
	// broker refuses the time of the writing, since this machine's clock is ahead, it bears the record's.
	TimeHeader = "dwell-time"
	// CutHeader is there only where the record was too large to be kept whole, and says what is missing.
	CutHeader = "dwell-cut"
)

// keptBytes is how much of a value is kept that does not fit, a record may have been small only while compressed.
const keptBytes = 64 << 10

// DeadLetters writes records that cannot be used to the dead-letter topic and waits until all are acknowledged. Key,
// value and headers stay as they are, byte for byte; in front of the headers come those that name the reason and the
// record. Only where that is more than a batch may hold, the value is cut and CutHeader says so: a dead letter that
// cannot be written would stop its partition. The dead letters of one partition stay together and in order.
func (p *Producer) DeadLetters(ctx context.Context, letters ...DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	partitions, err := p.partitionsOf(ctx, p.cfg.DeadLetterTopic)
	if err != nil {
		return err
	}
	to := make([][]*Message, partitions)
	messages := make([]*Message, len(letters))
	for i := range letters {
		messages[i] = letters[i].message()
		partition := letters[i].Partition % partitions
		to[partition] = append(to[partition], messages[i])
	}
	err = p.write(ctx, p.cfg.DeadLetterTopic, to)
	if errors.Is(err, kafkago.InvalidTimestamp) { // this machine's clock is ahead: its time is refused, the record's own was not
		for i := range letters {
			messages[i].Time = letters[i].Time
		}
		err = p.write(ctx, p.cfg.DeadLetterTopic, to)
	}
	return err
}

func (d *DeadLetter) message() *Message {
	headers := []Header{
		{Key: []byte(ReasonHeader), Value: []byte(d.Reason)},
		{Key: []byte(DetailHeader), Value: []byte(d.Detail)},
		{Key: []byte(TopicHeader), Value: []byte(d.Topic)},
		{Key: []byte(PartitionHeader), Value: strconv.AppendInt(nil, int64(d.Partition), 10)},
		{Key: []byte(OffsetHeader), Value: strconv.AppendInt(nil, d.Offset, 10)},
		{Key: []byte(TimeHeader), Value: strconv.AppendInt(nil, d.Time, 10)},
	}
	m := &Message{Key: d.Key, Value: d.Value, Headers: append(headers, d.Headers...), Time: time.Now().UnixMilli()}
	if m.size() <= batchBytes {
		return m
	}
	m.Key, m.Value = d.Key[:min(len(d.Key), keptBytes)], d.Value[:min(len(d.Value), keptBytes)]
	m.Headers = append(headers, Header{Key: []byte(CutHeader), Value: fmt.Appendf(nil,
		"%d of %d bytes of key, %d of %d bytes of value, 0 of %d headers",
		len(m.Key), len(d.Key), len(m.Value), len(d.Value), len(d.Headers))})
	return m
}

// ReadDeadLetter is what was written as r. It is not ok where r does not bear the headers of a dead letter. Its bytes are
// r's own.
func ReadDeadLetter(r Record) (d DeadLetter, ok bool) {
	const own = 6
	if len(r.Headers) < own || string(r.Headers[0].Key) != ReasonHeader {
		return DeadLetter{}, false
	}
	text := func(i int) string { return string(r.Headers[i].Value) }
	partition, err1 := strconv.Atoi(text(3))
	offset, err2 := strconv.ParseInt(text(4), 10, 64)
	at, err3 := strconv.ParseInt(text(5), 10, 64)
	if err1 != nil || err2 != nil || err3 != nil {
		return DeadLetter{}, false
	}
	d = DeadLetter{
		Reason: text(0), Detail: text(1), Topic: text(2), Partition: partition, Offset: offset,
		Time: at, Key: r.Key, Value: r.Value,
	}
	if len(r.Headers) > own {
		d.Headers = r.Headers[own:]
	}
	return d, true
}
