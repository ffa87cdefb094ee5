package engine

import (
	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
)

// How far the watermark follows an event depends on who dated its record.
//
// The time of a record that the broker appended (LogAppendTime) is the broker's, and an event much later than its record is a dead
// letter. So of such records no event is later than the broker's clock allows, and the watermark follows the latest one.
//
// The time of other records (CreateTime) is their producer's. If its clock is wrong, both the event and its record may be years
// ahead, and a watermark there would end the visits of all others. So it follows the second latest of the sources that have events in
// this block of offsets or the one before: a single clock moves nothing. A source that has these blocks to itself is believed.
//
// The second latest of all sources is the second latest of the two that lead each block, so no more than those are known, however
// many sources there are: a source that left the two of a block was behind both, and comes back only by passing one. The watermark
// is the highest that this has been, since it never goes back. All of this is a function of the log up to an offset, and a part of
// the progress as of it: a recovery continues with the same sources.

// blockOffsets is how many offsets a block has.
const blockOffsets = 10_000

// Sources are the sources that lead the block of the latest event and the block before it.
type Sources struct {
	// Block is the number of the block of the latest event.
	Block int64
	// Leading are two of this block and two of the one before it, the later one first. Those of which Latest is zero are none.
	Leading [4]SourceTime
}

// SourceTime is a source with the time of its latest event in a block.
type SourceTime struct {
	// Source is the xxHash64 of the name.
	Source uint64
	// Latest is in Unix milliseconds; no event is as old as zero (event.Decoder).
	Latest int64
}

// BlockOf is the number of the block that the source at an index of Leading leads.
func (s *Sources) BlockOf(i int) int64 { return s.Block - int64(i/2) }

// Restore adds a source that leads a block, in the order of Leading.
func (s *Sources) Restore(block int64, l SourceTime) {
	if s.Leading[0].Latest == 0 {
		s.Block = block
	}
	i := 2 * int(s.Block-block)
	if s.Leading[i].Latest != 0 {
		i++
	}
	s.Leading[i] = l
}

// note takes an event at an offset.
func (s *Sources) note(offset int64, e *event.Event) {
	if block := offset / blockOffsets; block != s.Block {
		var before [2]SourceTime
		if block == s.Block+1 {
			before = [2]SourceTime(s.Leading[:2])
		}
		*s = Sources{Block: block, Leading: [4]SourceTime{2: before[0], 3: before[1]}}
	}
	first, second := &s.Leading[0], &s.Leading[1]
	if e.Time <= second.Latest {
		return
	}
	switch source := xxhash.Sum64(e.Source); {
	case source == first.Source:
		first.Latest = max(first.Latest, e.Time)
	case e.Time > first.Latest:
		*second, *first = *first, SourceTime{source, e.Time}
	default:
		*second = SourceTime{source, e.Time}
	}
}

// secondLatest is the time of the source that is the second latest of both blocks, or of the only one.
func (s *Sources) secondLatest() int64 {
	var first SourceTime
	var second int64
	for _, l := range s.Leading {
		switch {
		case l.Latest == 0:
		case l.Source == first.Source:
			first.Latest = max(first.Latest, l.Latest)
		case l.Latest > first.Latest:
			first, second = l, first.Latest
		default:
			second = max(second, l.Latest)
		}
	}
	if second == 0 {
		return first.Latest
	}
	return second
}

// lead is the time that the watermark follows, as of an event of the log.
type lead struct {
	// latest is the time, in Unix milliseconds, never before the first event.
	latest  int64
	sources Sources
}

// advance takes the next event.
func (l *lead) advance(offset int64, e *event.Event) {
	l.sources.note(offset, e)
	at := e.Time
	if !e.AppendTime {
		at = l.sources.secondLatest()
	}
	l.latest = max(l.latest, at)
}
