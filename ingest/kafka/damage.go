package kafka

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"dwell/ingest/event"
)

// A batch that cannot be read must not end its partition for good: nobody can take it out of the log. It becomes one dead letter with its
// bytes, and reading continues behind it.
//
// Where its CRC is right, its bytes are as its producer made them, and no other fetch can give others. Where it is not, or its length, its format
// or its place cannot be right, the damage may be the network's: it is fetched again, with growing pauses, and is a dead letter once the same bytes
// have come sameBytes times in a row, as they do from a broker that has them so. Bytes that are damaged in another way each time are
// the network's, and no end of the fetches: the partition stands, which Standing reports.

// sameBytes is how often a batch must come with the same damage until it is a dead letter.
const sameBytes = 4

// crcError is that of a batch whose bytes are not those that its producer made.
type crcError struct{ error }

// damage is the latest damaged batch of a partition.
type damage struct {
	offset int64
	sum    uint32
	times  int // it came in a row with this sum
	pace   backoff
}

// judged reports whether a batch that cannot be read is a dead letter now. If it is not, it is fetched again.
func (p *partition) judged(f *frame, why error) bool {
	_, crc := why.(crcError) //nolint:errorlint // made here, and wrapped by nobody
	if f.fault == nil && !crc || f.base < f.offset && f.base == p.unread {
		return true
	}
	d := &p.damaged
	if d.pace.max == 0 || d.offset != f.offset {
		*d = damage{offset: f.offset, pace: backoff{min: p.cfg.BackoffMin, max: p.cfg.BackoffMax}}
	}
	seen := f.raw
	if f.fault != nil { // what is behind a batch without a length grows with the log
		seen = seen[:min(len(seen), batchRecordsAt)]
	}
	if sum := crc32.Checksum(seen, castagnoli); d.times == 0 || sum != d.sum {
		d.sum, d.times = sum, 0
	}
	if d.times++; d.times >= sameBytes {
		*d = damage{}
		return true
	}
	pause := d.pace.next()
	err := fmt.Errorf("the batch at offset %d of topic %q arrived damaged: %w", f.offset, p.cfg.Topic, why)
	p.obs.Failed(RecordsFailure)
	p.obs.Standing(p.partition, err)
	p.log.Warn("will fetch again", "partition", p.partition, "pause", pause, "error", err)
	p.again(f.offset, pause)
	return false
}

// letter is the record that stands for a batch that cannot be read.
func (p *partition) letter(f *frame, why error) event.Record {
	kept := f.raw
	what := fmt.Sprintf("offsets %d to %d, %d bytes: %v", f.offset, f.next-1, len(f.raw), why)
	if len(kept) > batchBytes-letterRoom {
		kept = kept[:keptBytes]
		what += fmt.Sprintf(" (the first %d bytes are kept; SHA-256 of all %x)", keptBytes, sha256.Sum256(f.raw))
	}
	p.log.Error("a batch cannot be read, and becomes a dead letter", "topic", p.cfg.Topic, "partition", p.partition,
		"from", f.offset, "to", f.next-1, "bytes", len(f.raw), "error", why)
	return event.Record{Offset: f.offset, Time: f.raw.latest(), Value: kept, Unreadable: what}
}

// letterRoom is what a dead letter takes beside its value.
const letterRoom = 4 << 10

// latest is the batch's latest timestamp, 0 where that is damaged.
func (b rawBatch) latest() int64 {
	if len(b) < batchRecordsAt {
		return 0
	}
	at := int64(binary.BigEndian.Uint64(b[batchMaxTimestampAt:]))
	if at < 0 || at > maxTimestamp {
		return 0
	}
	return at
}

// maxTimestamp is the end of the year 2199 in Unix milliseconds.
var maxTimestamp = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
