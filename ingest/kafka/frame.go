package kafka

import (
	"encoding/binary"
	"fmt"
	"math"
)

// frame is a batch in an answer.
type frame struct {
	// raw is the batch; where its length is wrong, all that was sent from it on.
	raw rawBatch
	// offset is the first that it covers of those that were asked for, next the one after it.
	offset, next int64
	// fault is what is wrong with its length, its place or its format, so that offset and next are not the batch's own words.
	fault error
	// base is the batch's own first offset, before offset where the fetch began within the batch.
	base int64
	// limit is the highest offset that next may be: that of the batch behind it, or the end of the partition.
	limit int64
}

// frames cuts an answer to a fetch from an offset into batches, and returns the offset to fetch after them. End is the end of the
// partition, -1 where it is not known.
//
// Neither the CRC nor a length says where a batch is that lies or is damaged. What it says is believed as far as it fits to the batch behind
// it and to the end of the partition. Where it does not, the offsets up to the batch behind are taken for its own; without one
// behind only its first, and the next fetch, from the offset after it, shows what the broker has there. Only the first batch of an answer
// is judged so, since brokers send that whole, however large: what is at fault behind others ends the answer, and is first in the next.
func frames(data []byte, from, end int64) (all []frame, next int64) {
	next = from
	for len(data) > 0 {
		f, rest := cutFrame(data, next, end)
		if f.fault != nil && len(all) > 0 {
			break
		}
		all, next, data = append(all, f), f.next, rest
	}
	if len(all) > 0 && next == from && from < end { // it would be fetched without end
		f := &all[0]
		f.fault = fmt.Errorf("it ends at offset %d, and was sent for offset %d", f.raw.next()-1, from)
		f.next, next, all = from+1, from+1, all[:1]
	}
	return all, next
}

// cutFrame takes the first batch off data. It returns no rest where nothing says where the next batch begins.
func cutFrame(data []byte, from, end int64) (f frame, rest []byte) {
	f = frame{raw: data, base: from, offset: from, next: from + 1, limit: end}
	if end < 0 {
		f.limit = math.MaxInt64
	}
	b, rest, ok, err := cutBatch(data)
	switch {
	case ok:
		f.raw = b
	case err == nil:
		err = fmt.Errorf("it is not whole in %d bytes", len(data))
	default:
		if rest = restOfOther(data); rest != nil {
			f.raw = data[:len(data)-len(rest)]
		}
	}
	behind := int64(-1)
	if len(rest) >= batchRecordsAt && rest[batchMagicAt] == 2 {
		behind = rawBatch(rest).baseOffset()
	}
	if len(data) < batchLengthAt {
		f.fault = err
		return f, nil
	}
	base := rawBatch(data).baseOffset()
	if behind > base {
		f.limit = min(f.limit, behind)
	}
	f.base = base
	if f.offset = max(base, from); base >= f.limit {
		f.offset, err = from, fmt.Errorf("it begins at offset %d, and the partition ends at %d", base, end)
	}
	switch {
	case err != nil:
	case base < 0 || b.lastDelta() < 0 || b.next() > f.limit:
		err = fmt.Errorf("it has the offsets from %d to %d, and what is behind it begins at %d", base, base+b.lastDelta(), f.limit)
	default:
		f.next = max(from, b.next())
		return f, rest
	}
	f.fault = err
	if f.next = f.offset + 1; behind > f.offset && behind == f.limit {
		f.next = behind
	}
	return f, rest
}

// restOfOther is what is behind a batch of a format that is not read: all have the same place for the length.
func restOfOther(data []byte) []byte {
	size := batchFrame + int(int32(binary.BigEndian.Uint32(data[batchLengthAt:])))
	if size < batchRecordsAt || size >= len(data) {
		return nil
	}
	return data[size:]
}
