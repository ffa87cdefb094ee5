package kafka

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"

	"dwell/ingest/event"
)

// A log that ends before what was read of it has lost records: its file was cut, or put back from an old copy. What is written to it
// from then on gets offsets that were read before, so nothing of it may be read until somebody has decided from where on
// (Handler.ShortLog, Accept).

// lostHeader is the header of the control record that the embedded broker puts behind lost records: the first lost offset and the last
// one, as decimal digits.
const lostHeader = "dwell-lost"

// shortLog tells the Handler that the log ends before next. It returns an error, after which the Handler is opened again.
func (p *partition) shortLog(ctx context.Context, h Handler, next, end int64) (Failure, error) {
	if err := h.ShortLog(ctx, next, end); err != nil {
		return HandleFailure, err
	}
	return PartitionFailure, fmt.Errorf("the log ends at offset %d, and was read up to %d: it has lost records", end, next)
}

// cutTo notes that the log ends at an offset before the next one.
func (s *source) cutTo(stay int, end int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if stay != s.stay {
		return
	}
	select {
	case s.short <- end:
	default:
	}
}

// lost reports records that the log says it has lost, of those that were to be read from an offset on.
func (f *fetcher) lost(partition int, data []byte, from int64) {
	for rest := rawBatch(data); len(rest) >= batchRecordsAt; {
		size := batchFrame + int(int32(binary.BigEndian.Uint32(rest[batchLengthAt:])))
		if size < batchRecordsAt || size > len(rest) {
			return
		}
		b := rest[:size]
		rest = rest[size:]
		if b.attributes()&attributeControl == 0 || b.producerID() >= 0 {
			continue
		}
		first, last, ok := lostRecords(b)
		if first = max(first, from); !ok || first > last {
			continue
		}
		f.obs.Lost(partition, last-first+1)
		f.log.Error("the log has lost records before they were read: the tables lack them",
			"topic", f.cfg.Topic, "partition", partition, "first", first, "last", last, "records", last-first+1)
	}
}

// lostRecords reads the header of the one record of a control batch.
func lostRecords(b rawBatch) (first, last int64, ok bool) {
	c := cursor{data: b[batchRecordsAt:]}
	c.varint() // length
	c.skip(1)
	c.varint()
	c.varint()
	c.bytes(c.varint()) // key
	c.bytes(c.varint()) // value
	if c.varint() != 1 || string(c.bytes(c.varint())) != lostHeader {
		return 0, 0, false
	}
	n, err := fmt.Sscanf(string(c.bytes(c.varint())), "%d %d", &first, &last)
	return first, last, n == 2 && err == nil && !c.failed
}

// fillerHeader marks a record that only takes an offset (Accept). No Handler sees it.
var fillerHeader = []byte("dwell-filler")

func isFiller(r *event.Record) bool {
	return r.Value == nil && len(r.Headers) == 1 && bytes.Equal(r.Headers[0].Key, fillerHeader)
}
