package normalize

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
)

// A topic that is deleted, made anew and filled past what was read looks like one that has grown: what it has before that offset would never be
// read. So a message that was handled is remembered, and compared with what the log has at its offset: when a partition is opened, and
// each checkEvery while it is read. Only then a later message takes its place, one that was handled before the comparison; else a checkpoint of
// the new log would hide that the old one is gone.
//
// The id of the topic was rejected as the sign: kafka-go does not ask for it, and a log that was put back from a copy has the right one.

// checkEvery is the time between two comparisons of a partition.
const checkEvery = 10 * time.Second

// Topic is the agency's topic, to look up what it has (kafka.Consumer).
type Topic interface {
	// Bounds are the offsets of the first message of a partition, and that behind the last.
	Bounds(ctx context.Context, partition int) (first, end int64, err error)
	// Look returns the first message at an offset or behind it, and false where it cannot be read at once.
	Look(ctx context.Context, partition int, offset int64) (event.Record, bool, error)
}

// RereadError says that the log is not the one that was read, or that it is not known how far it was read. It is to be read from its beginning: what was
// read before counts once, by its ids.
type RereadError struct{ Why string }

func (e *RereadError) Error() string { return e.Why }

// own begins the metadata of each offset that is committed here. An offset without it is somebody else's, who may have taken the partition
// from this group and read it.
const own = "dwell"

// checkpoint is a message that was handled. Its hash is never zero.
type checkpoint struct {
	offset int64
	hash   uint64
}

// at is the checkpoint of a message. Its time is part of it: a gate may say the same words at the same offset of a new topic.
func at(m *event.Record) checkpoint {
	var d xxhash.Digest
	d.Reset()
	var number [8]byte
	for _, n := range []uint64{uint64(m.Time), uint64(len(m.Key))} {
		binary.BigEndian.PutUint64(number[:], n)
		_, _ = d.Write(number[:]) // is always nil
	}
	_, _ = d.Write(m.Key)
	_, _ = d.Write(m.Value)
	return checkpoint{m.Offset, max(d.Sum64(), 1)}
}

// metadata is the text that is committed with an offset, such as dwell 1204@9ae16a3b2f90404f, and dwell before the first message.
func (c checkpoint) metadata() string {
	if c.hash == 0 {
		return own
	}
	return fmt.Sprintf("%s %d@%016x", own, c.offset, c.hash)
}

// parseCheckpoint reads what metadata writes; it returns false for any other text.
func parseCheckpoint(text string) (c checkpoint, ok bool) {
	_, _ = fmt.Sscanf(text, own+" %d@%x", &c.offset, &c.hash) // what is not read has another metadata
	return c, c.metadata() == text
}

// Resume goes on from the offset that was committed with the metadata. Its only error is a RereadError; the Partition is as new then, to read the log from
// its beginning. A log that cannot be compared now is read on, and compared later: the checkpoint stays until then.
func (p *Partition) Resume(ctx context.Context, next int64, metadata string) error {
	c, ok := parseCheckpoint(metadata)
	if !ok {
		return &RereadError{fmt.Sprintf("offset %d was committed by somebody else, with metadata %q: another consumer has read in the group, or an earlier version of dwell", next, metadata)}
	}
	p.next, p.verified = next, c
	err := p.check(ctx)
	if err != nil {
		*p = *NewPartition(p.topic, p.number, p.parts)
	}
	return err
}

// check compares the checkpoint with the log, where that is due, and moves it to the last message then. Its only error is a RereadError.
func (p *Partition) check(ctx context.Context) error {
	if p.verified.hash == 0 {
		p.verified, p.checked = p.last, p.parts.Now()
		return nil
	}
	now := p.parts.Now()
	if now.Sub(p.checked) < checkEvery {
		return nil
	}
	p.checked = now
	known, err := p.compare(ctx, p.verified)
	var reread *RereadError
	switch {
	case errors.As(err, &reread):
		return err
	case err != nil:
		p.parts.Unchecked(err)
	case known && p.last.hash != 0:
		p.verified = p.last
	}
	return nil
}

// compare returns a RereadError if the log ends before a checkpoint, or has another message there. It is not known where that cannot be read now.
// A checkpoint that was deleted says nothing.
func (p *Partition) compare(ctx context.Context, c checkpoint) (known bool, err error) {
	first, end, err := p.parts.Topic.Bounds(ctx, p.number)
	if err != nil {
		return false, err
	}
	if c.offset >= end {
		return true, &RereadError{fmt.Sprintf("it was made anew, or has lost messages: it ends at offset %d, and offset %d was read", end, c.offset)}
	}
	if c.offset < first {
		return true, nil
	}
	m, ok, err := p.parts.Topic.Look(ctx, p.number, c.offset)
	if err != nil || !ok || m.Unreadable != "" {
		return false, err
	}
	if m.Offset == c.offset && at(&m) != c {
		return true, &RereadError{fmt.Sprintf("it was made anew: at offset %d it has another message than was read there", c.offset)}
	}
	return true, nil
}
