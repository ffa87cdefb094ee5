package broker

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"github.com/twmb/franz-go/pkg/kerr"
)

// The layout of a record batch of format v2, offsets in bytes from its beginning. Source: Apache Kafka, "Message Format",
// section "Record Batch".
const (
	batchLengthAt          = 8
	batchLeaderEpochAt     = 12
	batchMagicAt           = 16
	batchCRCAt             = 17
	batchAttributesAt      = 21
	batchLastOffsetDeltaAt = 23
	batchMaxTimestampAt    = 35
	batchProducerIDAt      = 43
	batchCountAt           = 57
	batchRecordsAt         = 61
	// batchFrame is what the length does not count: the base offset and the length itself.
	batchFrame = 12
)

const (
	attributeCodec         = 1<<3 - 1
	attributeLogAppendTime = 1 << 3
	attributeTransactional = 1 << 4
	attributeControl       = 1 << 5
	// attributeAppended marks in the log what clients see as attributeLogAppendTime (response.go): kfake gives a batch with that
	// one another time, and leaves it with a CRC that is wrong. Kafka uses no bit from the eighth on.
	attributeAppended = 1 << 14
	attributeUnused   = 0xff80
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// batch is one record batch.
type batch []byte

var errNoBatch = errors.New("not one whole batch of format 2")

// wholeBatch is the batch that the records of a produce request are, framed as kfake requires it, with the right CRC.
func wholeBatch(records []byte) (batch, error) {
	b := batch(records)
	if len(b) < batchRecordsAt || int(int32(binary.BigEndian.Uint32(b[batchLengthAt:]))) != len(b)-batchFrame ||
		b[batchMagicAt] != 2 || b.crc() != binary.BigEndian.Uint32(b[batchCRCAt:]) {
		return nil, errNoBatch
	}
	return b, nil
}

func (b batch) crc() uint32        { return crc32.Checksum(b[batchAttributesAt:], castagnoli) }
func (b batch) base() int64        { return int64(binary.BigEndian.Uint64(b)) }
func (b batch) size() int64        { return batchFrame + int64(binary.BigEndian.Uint32(b[batchLengthAt:])) }
func (b batch) attributes() uint16 { return binary.BigEndian.Uint16(b[batchAttributesAt:]) }
func (b batch) count() int32       { return int32(binary.BigEndian.Uint32(b[batchCountAt:])) }
func (b batch) lastDelta() int32   { return int32(binary.BigEndian.Uint32(b[batchLastOffsetDeltaAt:])) }

// setAttributes sets them, with the CRC.
func (b batch) setAttributes(a uint16) {
	binary.BigEndian.PutUint16(b[batchAttributesAt:], a)
	binary.BigEndian.PutUint32(b[batchCRCAt:], b.crc())
}

// stamp makes the batch one that was appended at a time, Unix milliseconds. As in Apache Kafka, this is the latest timestamp in its
// header, and the records keep theirs.
func (b batch) stamp(at int64) {
	binary.BigEndian.PutUint64(b[batchMaxTimestampAt:], uint64(at))
	b.setAttributes(b.attributes()&^attributeLogAppendTime | attributeAppended)
}

// unstamp shows a batch of the log as clients are to see it.
func (b batch) unstamp() {
	if a := b.attributes(); a&attributeAppended != 0 {
		b.setAttributes(a&^attributeAppended | attributeLogAppendTime)
	}
}

// spoil makes the batch one that kfake refuses.
func (b batch) spoil() { b[batchMagicAt] = 0xff }

// check reports why the batch must not be appended: with the error that Apache Kafka has for it.
func (b batch) check(appendTime bool) *refusal {
	a := b.attributes()
	switch {
	case a&attributeUnused != 0:
		return &refusal{kerr.InvalidRecord, "attributes that are not defined"}
	case a&attributeLogAppendTime != 0 && !appendTime:
		return &refusal{kerr.InvalidTimestamp, "a producer must not say that its timestamps are the broker's"}
	case b.count() < 1 || b.lastDelta() != b.count()-1:
		return &refusal{kerr.InvalidRecord, "the number of records is not that of its offsets"}
	}
	if err := b.walk(); err != nil {
		return &refusal{kerr.InvalidRecord, err.Error()}
	}
	return nil
}
