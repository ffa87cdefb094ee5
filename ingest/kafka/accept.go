package kafka

import (
	"context"
	"errors"
	"fmt"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
)

// Accept makes a log that has lost records one that can be read on from the offset next, up to which it was read: it writes records
// that mean nothing until the log has come to that offset, and then once more, behind it, the records from offset from on. Those are
// the ones that were written since the loss. Other producers may write meanwhile. It returns how many records it has copied.
//
// It may be called again, as after an error: the records are copied again then, which changes nothing where each has its event's id.
func (p *Producer) Accept(ctx context.Context, partition int, from, next int64) (copied int, err error) {
	topic := p.cfg.Topic
	first, end, err := p.client.bounds(ctx, topic, partition)
	if err != nil {
		return 0, err
	}
	for {
		n := min(max(next-end, 0), 10_000)
		if n == 0 {
			n = 1 // behind next, as the mark up to which to read
		}
		fillers := make([]*event.Record, n)
		for i := range fillers {
			fillers[i] = &event.Record{Time: time.Now().UnixMilli(), Headers: []event.Header{{Key: fillerHeader}}}
		}
		if _, err := p.writePartition(ctx, topic, partition, fillers); err != nil {
			return 0, err
		}
		if end >= next {
			break
		}
		if _, end, err = p.client.bounds(ctx, topic, partition); err != nil {
			return 0, err
		}
	}
	return p.copyBehind(ctx, partition, max(from, first), next)
}

// copyBehind writes the records of [from, next) again to the end of the partition. A record at next or behind it must be there.
func (p *Producer) copyBehind(ctx context.Context, partition int, from, next int64) (copied int, err error) {
	r := kafkago.NewReader(kafkago.ReaderConfig{
		Brokers: p.cfg.Brokers, Topic: p.cfg.Topic, Partition: partition, Dialer: p.client.dialer,
		IsolationLevel: kafkago.ReadCommitted, MaxWait: 500 * time.Millisecond, MaxBytes: p.cfg.FetchBytes,
	})
	defer func() { err = errors.Join(err, r.Close()) }()
	if err := r.SetOffset(from); err != nil {
		return 0, err
	}
	var some []*event.Record
	for at := from; at < next; {
		m, err := r.ReadMessage(ctx)
		if err != nil {
			return copied, fmt.Errorf("read topic %q partition %d at offset %d: %w", p.cfg.Topic, partition, at, err)
		}
		at = m.Offset + 1
		record := &event.Record{Key: m.Key, Value: m.Value, Time: m.Time.UnixMilli()}
		for _, h := range m.Headers {
			record.Headers = append(record.Headers, event.Header{Key: []byte(h.Key), Value: h.Value})
		}
		if m.Offset < next && !isFiller(record) {
			some = append(some, record)
		}
		if len(some) == 1000 || at >= next {
			n, err := p.writePartition(ctx, p.cfg.Topic, partition, some)
			copied += n
			if err != nil {
				return copied, err
			}
			some = nil
		}
	}
	return copied, nil
}
