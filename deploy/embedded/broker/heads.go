package broker

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A CRC covers a batch from its attributes on. Not covered are the fields before it: base offset, length, leader epoch and format. kfake
// believes them, so that a flipped bit of a base offset hides a partition, or gives it an end far away for good. They are looked at before
// kfake opens the log. All but the leader epoch have one right value, which the rest of the log tells, so it is put back: a batch begins where
// the one before it ended, ends where the one behind it begins, and has format 2. The CRC says whether that is so. A leader epoch stays as it
// is: kfake goes by the one in its index, and clients see the other.
//
// What the CRC covers is left to kfake, which cuts the segment before a batch that does not fit to it, and to losses, which say so.

// mendHeads puts right the heads of the batches of all topics but compacted ones, whose offsets have gaps.
func (b *Broker) mendHeads(topics []listedTopic, m *marks) error {
	marked, err := m.topics()
	if err != nil {
		return err
	}
	for _, t := range topics {
		if strings.Contains(t.Configs["cleanup.policy"], "compact") {
			continue
		}
		for p := range t.Partitions {
			end, err := int64(0), error(nil)
			if slices.Contains(marked, t.Name) {
				end, err = m.end(t.Name, p)
			}
			if err == nil {
				err = b.mendPartition(partitionDir(b.cfg.DataDir, t.Name, p), end)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// mendPartition puts right the heads of a partition that ends at a mark.
func (b *Broker) mendPartition(dir string, end int64) error {
	bases, err := segmentsOf(dir)
	if err != nil {
		return err
	}
	for i, base := range bases {
		behind := end
		if i+1 < len(bases) {
			behind = bases[i+1]
		}
		file := filepath.Join(dir, strconv.FormatInt(base, 10)+".dat")
		err := b.mendSegment(file, base, behind)
		if err == nil {
			err = b.mendIndex(file)
		}
		if err != nil {
			return fmt.Errorf("file %q: %w", file, err)
		}
	}
	return nil
}

// mendSegment goes through the batches of a segment whose first one has the offset next. Behind is the offset after the last one, as far as
// that is known. It ends at a batch that kfake will cut off.
func (b *Broker) mendSegment(file string, next, behind int64) error {
	f, err := os.OpenFile(file, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	end := info.Size()
	head, follower := make(batch, batchRecordsAt), make(batch, batchRecordsAt)
	for at := int64(0); at+batchRecordsAt <= end; {
		if _, err := f.ReadAt(head, at); err != nil {
			return err
		}
		size, after := head.size(), next+int64(head.lastDelta())+1
		follows := func() (base int64, err error) { // what begins behind this batch
			if at+size+batchRecordsAt > end {
				return behind, nil
			}
			_, err = f.ReadAt(follower, at+size)
			return follower.base(), err
		}
		if at+size+batchRecordsAt <= end && head.base() == next && head[batchMagicAt] == 2 {
			switch base, err := follows(); {
			case err != nil:
				return err
			case base == after:
				at, next = at+size, after
				continue
			}
		}
		rest := make(batch, end-at)
		if _, err := f.ReadAt(rest, at); err != nil {
			return err
		}
		if size = rest.rightSize(after); size == 0 {
			return nil
		}
		right := slices.Clone(head)
		binary.BigEndian.PutUint32(right[batchLengthAt:], uint32(size-batchFrame))
		right[batchMagicAt] = 2
		base, err := follows()
		if err != nil {
			return err
		}
		if own := head.base(); own > next && base == own+after-next {
			b.log.Error("the log lacks records in the middle of a file", "file", file, "byte", at, "first", next, "last", own-1)
			next, after = own, base
		}
		binary.BigEndian.PutUint64(right, uint64(next))
		if !slices.Equal(right, head) {
			if _, err := f.WriteAt(right, at); err != nil {
				return err
			}
			b.log.Warn("the head of a batch in the log was damaged, and is put right: no record is lost",
				"file", file, "byte", at, "offset", next, "was", fmt.Sprintf("%x", []byte(head[:batchCRCAt])))
		}
		at, next = at+size, after
	}
	return nil
}

// rightSize is the size with which the CRC of the batch at the beginning of b is right: the one that it says, or one up to where a
// batch with the offset after it begins, or the end. It is 0 where none is.
func (b batch) rightSize(after int64) int64 {
	right := func(size int64) bool {
		return size >= batchRecordsAt && size <= int64(len(b)) && b[:size].crc() == binary.BigEndian.Uint32(b[batchCRCAt:])
	}
	if size := b.size(); right(size) {
		return size
	}
	for from := batchRecordsAt; from < len(b); from++ {
		i := bytes.Index(b[from:], binary.BigEndian.AppendUint64(nil, uint64(after)))
		if i < 0 {
			break
		}
		if from += i; from+batchMagicAt < len(b) && b[from+batchMagicAt] == 2 && right(int64(from)) {
			return int64(from)
		}
	}
	if right(int64(len(b))) {
		return int64(len(b))
	}
	return 0
}
