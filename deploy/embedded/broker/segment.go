package broker

import (
	"bytes"
	"encoding/binary"
	"os"
	"slices"
)

// segmentFile is a segment's file while kfake does not run. It is opened for writing, since it is mended in place.
type segmentFile struct {
	*os.File
	end int64
	// near is what the file has from a byte on: the heads of small batches are read together.
	near   batch
	nearAt int64
}

// nearBytes is a page: to read it costs about what a head alone would.
const nearBytes = 4 << 10

func openSegment(file string) (*segmentFile, error) {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return &segmentFile{File: f, end: info.Size()}, nil
}

// head is the head of the batch at a byte, nil if the file ends before it does.
func (s *segmentFile) head(at int64) (batch, error) {
	if at+batchRecordsAt > s.end {
		return nil, nil
	}
	if at < s.nearAt || at+batchRecordsAt > s.nearAt+int64(len(s.near)) {
		s.near, s.nearAt = slices.Grow(s.near[:0], nearBytes)[:min(nearBytes, s.end-at)], at
		if _, err := s.ReadAt(s.near, at); err != nil {
			return nil, err
		}
	}
	return slices.Clone(s.near[at-s.nearAt:][:batchRecordsAt]), nil
}

func (s *segmentFile) read(at, size int64) (batch, error) {
	b := make(batch, size)
	_, err := s.ReadAt(b, at)
	return b, err
}

func (s *segmentFile) write(b batch, at int64) error {
	s.near = s.near[:0]
	_, err := s.WriteAt(b, at)
	return err
}

// whole reports whether the batch of a head has its CRC.
func (s *segmentFile) whole(at int64, head batch) (bool, error) {
	size := head.size()
	if size < batchRecordsAt || at+size > s.end {
		return false, nil
	}
	b, err := s.read(at, size)
	return err == nil && b.crc() == binary.BigEndian.Uint32(b[batchCRCAt:]), err
}

// rightSize is the size with which the CRC of the batch at a byte is right: the one that its head says, or one up to where a batch with
// the offset after it begins, or the end. It is 0 where none is. The rest of the file is read only if the head's is not right.
func (s *segmentFile) rightSize(at int64, head batch, after int64) (int64, error) {
	whole, err := s.whole(at, head)
	if err != nil {
		return 0, err
	}
	if whole {
		return head.size(), nil
	}
	rest, err := s.read(at, s.end-at)
	if err != nil {
		return 0, err
	}
	right := func(size int) bool { return rest[:size].crc() == binary.BigEndian.Uint32(rest[batchCRCAt:]) }
	begin := binary.BigEndian.AppendUint64(nil, uint64(after))
	for from := batchRecordsAt; from < len(rest); from++ {
		i := bytes.Index(rest[from:], begin)
		if i < 0 {
			break
		}
		if from += i; from+batchMagicAt < len(rest) && rest[from+batchMagicAt] == 2 && right(from) {
			return int64(from), nil
		}
	}
	if right(len(rest)) {
		return int64(len(rest)), nil
	}
	return 0, nil
}
