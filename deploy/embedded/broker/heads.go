package broker

import (
	"encoding/binary"
	"fmt"
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
		batches, err := b.mendSegment(file, base, behind)
		if err == nil {
			err = b.mendIndex(file, batches)
		}
		if err != nil {
			return fmt.Errorf("file %q: %w", file, err)
		}
	}
	return nil
}

// mendSegment goes through the batches of a segment whose first one has the offset next, and returns how many there are up to one that
// kfake will cut off. Behind is the offset after the last one, as far as that is known.
//
// A base offset is overwritten only if what begins behind the batch says so too: in a topic that was compacted once, or where records before
// the batch and behind it are lost, the one that it has is right.
func (b *Broker) mendSegment(file string, next, behind int64) (batches int, err error) {
	s, err := openSegment(file)
	if err != nil {
		return 0, err
	}
	defer func() { _ = s.Close() }()
	head, err := s.head(0)
	if err != nil {
		return 0, err
	}
	for at := int64(0); head != nil; batches++ {
		size, after := head.size(), next+int64(head.lastDelta())+1
		follower, err := s.head(at + size)
		if err != nil {
			return 0, err
		}
		if follower == nil || follower.base() != after || head.base() != next || head[batchMagicAt] != 2 {
			if size, err = s.rightSize(at, head, after); err != nil || size == 0 {
				return batches, err
			}
			if follower, err = s.head(at + size); err != nil {
				return 0, err
			}
			begins := behind
			if follower != nil {
				begins = follower.base()
			}
			base, own := next, head.base()
			switch {
			case own == next, begins == after:
			case own > next && begins == own+after-next:
				b.log.Error("the log lacks records in the middle of a file", "file", file, "byte", at, "first", next, "last", own-1)
				base = own
			default:
				b.log.Warn("a batch in the log does not begin where the one before it ended, and nothing behind it says which is right: it is left as it is",
					"file", file, "byte", at, "offset", own, "expected", next)
				base = own
			}
			after += base - next
			if err := b.putRight(s, at, head, size, base); err != nil {
				return 0, err
			}
		}
		at, next, head = at+size, after, follower
	}
	return batches, nil
}

// putRight writes a head with the size and the base offset that are right.
func (b *Broker) putRight(s *segmentFile, at int64, head batch, size, base int64) error {
	right := slices.Clone(head)
	binary.BigEndian.PutUint64(right, uint64(base))
	binary.BigEndian.PutUint32(right[batchLengthAt:], uint32(size-batchFrame))
	right[batchMagicAt] = 2
	if slices.Equal(right, head) {
		return nil
	}
	if err := s.write(right, at); err != nil {
		return err
	}
	b.log.Warn("the head of a batch in the log was damaged, and is put right: no record is lost",
		"file", s.Name(), "byte", at, "offset", base, "was", fmt.Sprintf("%x", []byte(head[:batchCRCAt])))
	return nil
}
