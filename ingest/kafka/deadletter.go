package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
)

// The headers that a dead letter has in front of the record's own.
const (
	ReasonHeader = "dwell-reason"
	DetailHeader = "dwell-detail"
	OriginHeader = "dwell-origin"
	// These three are only set if the message came from a topic.
	TopicHeader     = "dwell-topic"
	PartitionHeader = "dwell-partition"
	OffsetHeader    = "dwell-offset"
	// TimeHeader is the record's own timestamp in Unix milliseconds. The dead letter's timestamp is the time of writing:
	// with the record's own a broker might refuse it (Kafka 4 does from an hour ahead), or retention delete it at once. If
	// the broker refuses the time of writing because this machine's clock is ahead, the record's is used.
	TimeHeader = "dwell-time"
	// CutHeader is set only if the record was too large and its value was cut; it says what is missing.
	CutHeader = "dwell-cut"
)

// keptBytes is how much of a value that is too large is kept: a record may have fit only while compressed.
const keptBytes = 64 << 10

// DeadLetters writes records that cannot be used to the dead-letter topic and waits until all are acknowledged. Key,
// value and headers stay as they are, byte for byte; in front of the headers come those that name the reason and the
// record. Only where that is more than a batch may hold, the value is cut and CutHeader says so: a dead letter that
// cannot be written would stop its partition. The dead letters of one partition stay together and in order.
func (p *Producer) DeadLetters(ctx context.Context, letters ...event.DeadLetter) error {
	if len(letters) == 0 {
		return nil
	}
	partitions, err := p.partitionsOf(ctx, p.cfg.DeadLetterTopic)
	if err != nil {
		return err
	}
	to := make([][]*event.Record, partitions)
	records := make([]*event.Record, len(letters))
	for i := range letters {
		records[i] = p.deadLetter(&letters[i])
		partition := letters[i].Origin.Part % partitions
		to[partition] = append(to[partition], records[i])
	}
	err = p.write(ctx, p.cfg.DeadLetterTopic, to)
	if errors.Is(err, kafkago.InvalidTimestamp) { // this machine's clock is ahead: its time is refused, the record's own was not
		for i := range letters {
			records[i].Time = letters[i].Time
		}
		err = p.write(ctx, p.cfg.DeadLetterTopic, to)
	}
	return err
}

func (p *Producer) deadLetter(d *event.DeadLetter) *event.Record {
	headers := []event.Header{
		{Key: []byte(ReasonHeader), Value: []byte(d.Reason)},
		{Key: []byte(DetailHeader), Value: []byte(d.Detail)},
		{Key: []byte(OriginHeader), Value: []byte(d.Origin.String())},
	}
	if d.Origin.Kind == event.FromTopic {
		headers = append(headers,
			event.Header{Key: []byte(TopicHeader), Value: []byte(d.Origin.Topic())},
			event.Header{Key: []byte(PartitionHeader), Value: strconv.AppendInt(nil, int64(d.Origin.Part), 10)},
			event.Header{Key: []byte(OffsetHeader), Value: strconv.AppendInt(nil, d.Origin.Number, 10)},
		)
	}
	headers = append(headers, event.Header{Key: []byte(TimeHeader), Value: strconv.AppendInt(nil, d.Time, 10)})
	r := &event.Record{Key: d.Key, Value: d.Value, Headers: append(headers, d.Headers...), Time: time.Now().UnixMilli()}
	if sizeOf(r) <= batchBytes {
		return r
	}
	r.Key, r.Value = d.Key[:min(len(d.Key), keptBytes)], d.Value[:min(len(d.Value), keptBytes)]
	r.Headers = append(headers, event.Header{Key: []byte(CutHeader), Value: fmt.Appendf(nil,
		"%d of %d bytes of key, %d of %d bytes of value, 0 of %d headers",
		len(r.Key), len(d.Key), len(r.Value), len(d.Value), len(d.Headers))})
	return r
}
