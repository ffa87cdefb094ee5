package app

import (
	"context"
	"fmt"

	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
)

// otherLog is a partition's log that is not the one that was counted: it has another event at an offset than the tables. The folders of
// the broker and of ClickHouse were of two histories, a topic was made anew, or the logs of two partitions were exchanged. What of it lies
// before the progress would never be counted.
type otherLog struct {
	counted       int64 // the offset up to which was counted
	offset        int64
	inLog, stored clickhouse.Identity
}

func (o *otherLog) String() string {
	return fmt.Sprintf("the log is not the one that was counted up to offset %d: at offset %d it has event %q of source %q, and table events has %q of %q: "+
		"put back the folder or the topic that the tables were counted from, or have all of this log counted in addition",
		o.counted, o.offset, o.inLog.ID, o.inLog.Source, o.stored.ID, o.stored.Source)
}

// short is the log as one of which nothing is known to be counted.
func (o *otherLog) short() clickhouse.ShortLog { return clickhouse.ShortLog{Counted: o.counted} }

// lookBack is how far before the progress the last event is looked for.
const lookBack = 10_000

// other compares some records of the log with the events at their offsets, from one offset to the progress: the first, three in the middle,
// and that of the last event. It is nil where they are the same, or none can be compared: what was a dead letter or was deleted.
//
// The id of the topic was rejected as the sign: a folder or a database that is put back from a copy has the right one, and a log that was
// cut and written on, or whose files were exchanged, too.
func (l *shortLogs) other(ctx context.Context, partition int, from int64) (*otherLog, error) {
	progress, err := l.store.Progress(ctx, partition)
	if err != nil || progress.Offset == 0 {
		return nil, err
	}
	first, end, err := l.producer.Bounds(ctx, partition)
	if err != nil {
		return nil, err
	}
	from, to := max(from, first), min(progress.Offset, end)
	if from >= to {
		return nil, nil
	}
	last, err := l.store.LastEvent(ctx, partition, max(from, to-lookBack), to)
	if err != nil {
		return nil, err
	}
	quarter := (to - from) / 4
	in := map[int64]clickhouse.Identity{}
	var offsets []int64
	decoder := event.NewDecoder(l.vocabulary, l.skew)
	for _, at := range []int64{from, from + quarter, from + 2*quarter, from + 3*quarter, last} {
		if at < from {
			continue
		}
		r, ok, err := l.producer.Look(ctx, partition, at)
		if err != nil {
			return nil, err
		}
		var e event.Event
		if !ok || r.Offset >= to || decoder.Decode(&r, &e) != nil {
			continue
		}
		in[r.Offset] = clickhouse.Identity{Source: string(e.Source), ID: string(e.ID), Edition: e.Edition}
		offsets = append(offsets, r.Offset)
	}
	if len(offsets) == 0 {
		return nil, nil
	}
	stored, err := l.store.Identities(ctx, partition, offsets)
	if err != nil {
		return nil, err
	}
	for _, offset := range offsets {
		if e, ok := stored[offset]; ok && e != in[offset] {
			return &otherLog{counted: progress.Offset, offset: offset, inLog: in[offset], stored: e}, nil
		}
	}
	return nil, nil
}
