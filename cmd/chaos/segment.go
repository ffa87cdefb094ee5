package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// segment is the last file of a partition's log, as it is while the broker is stopped.
type segment struct {
	path string
	// batches are those that the file has. Each begins at a byte and an offset, where the one before it ends.
	batches []batch
	size    int64
	next    int64 // the offset after the last batch
}

type batch struct{ at, offset int64 }

// segmentOf reads where the batches of a partition's last segment are.
func (b *border) segmentOf(t target) (*segment, error) {
	files, err := filepath.Glob(filepath.Join(b.dir, "kafka", "partitions", t.topic+"-"+strconv.Itoa(t.partition), "*.dat"))
	if err != nil {
		return nil, err
	}
	s := &segment{next: -1}
	for _, file := range files {
		base, err := strconv.ParseInt(strings.TrimSuffix(filepath.Base(file), ".dat"), 10, 64)
		if err == nil && base > s.next {
			s.path, s.next = file, base
		}
	}
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil, err
	}
	s.size = int64(len(data))
	for at := 0; at < len(data); {
		if len(data)-at < recordsAt {
			return nil, fmt.Errorf("%s ends within a batch", s.path)
		}
		s.batches = append(s.batches, batch{int64(at), int64(binary.BigEndian.Uint64(data[at:]))})
		s.next = s.batches[len(s.batches)-1].offset + int64(binary.BigEndian.Uint32(data[at+lastDeltaAt:])) + 1
		at += uncounted + int(binary.BigEndian.Uint32(data[at+lengthAt:]))
	}
	return s, nil
}

// cut truncates the file at a byte, and returns the first offset that is lost with it.
func (s *segment) cut(at int64) (first int64, err error) {
	first = s.next
	for i := len(s.batches) - 1; i >= 0 && at < s.end(i); i-- {
		first = s.batches[i].offset
	}
	return first, os.Truncate(s.path, at)
}

// end is the byte after a batch.
func (s *segment) end(i int) int64 {
	if i+1 < len(s.batches) {
		return s.batches[i+1].at
	}
	return s.size
}

// append writes a batch to the end.
func (s *segment) append(raw []byte) error {
	f, err := os.OpenFile(s.path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.Write(raw)
	return errors.Join(err, f.Close())
}

// The layout of a record batch of format 2, offsets in bytes from its beginning. Source: Apache Kafka, "Message Format", section
// "Record Batch".
const (
	lengthAt     = 8
	uncounted    = 12 // what the length does not count
	magicAt      = 16
	crcAt        = 17
	attributesAt = 21
	lastDeltaAt  = 23
	producerAt   = 43 // id, epoch and first sequence, of 14 bytes
	countAt      = 57
	recordsAt    = 61
	gzip         = 1
)

// unreadable is a batch of three records with the right CRC, whose records say that they are compressed and are random bytes.
func unreadable(offset int64, r *rand.Rand) []byte {
	raw := make([]byte, recordsAt+200)
	binary.BigEndian.PutUint64(raw, uint64(offset))
	binary.BigEndian.PutUint32(raw[lengthAt:], uint32(len(raw)-uncounted))
	raw[magicAt] = 2
	binary.BigEndian.PutUint16(raw[attributesAt:], gzip)
	binary.BigEndian.PutUint32(raw[lastDeltaAt:], 2)
	binary.BigEndian.PutUint64(raw[producerAt:], math.MaxUint64)
	binary.BigEndian.PutUint16(raw[producerAt+8:], math.MaxUint16)
	binary.BigEndian.PutUint32(raw[producerAt+10:], math.MaxUint32)
	binary.BigEndian.PutUint32(raw[countAt:], 3)
	for i := recordsAt; i < len(raw); i++ {
		raw[i] = byte(r.Uint32())
	}
	binary.BigEndian.PutUint32(raw[crcAt:], crc32.Checksum(raw[attributesAt:], crc32.MakeTable(crc32.Castagnoli)))
	return raw
}
