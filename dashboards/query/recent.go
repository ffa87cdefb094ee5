package query

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"
)

// latest are the hours that the last overview was made of. At a busy border they are millions of rows, of which few change in
// a second.
type latest struct {
	mu sync.Mutex
	// hours are those of all shards that are not in own.
	hours hours
	own   []int
	from  time.Time
	// seen is how far each shard was when they were read.
	seen map[uint16]uint64
}

// recentHours are the hours of all BCPs that start at or after from, as of the progress now: those of the
// process's own shards from memory and the others from the store.
func (s *Source) recentHours(ctx context.Context, from time.Time, now progress) (hours, error) {
	own, all := s.ownHours(from, now)
	r := &s.recent
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := s.readRecent(ctx, from, now.without(own), own); err != nil {
		return nil, err
	}
	for bcp, of := range r.hours {
		if all[bcp] == nil {
			all[bcp] = map[int64]*hour{}
		}
		for start, h := range of {
			if mine := all[bcp][start]; mine != nil {
				h = mine.plus(h)
			}
			all[bcp][start] = h
		}
	}
	return all, nil
}

// readRecent brings the hours of the other shards up to date. All rows up to where they stand had been written, so only hours
// are read again that have rows as of a later offset than the shard had reached the last time. Once an hour all are: a replica
// of a cluster may show a shard's progress before its rows.
func (s *Source) readRecent(ctx context.Context, from time.Time, now progress, own []int) error {
	r := &s.recent
	if len(now) == 0 && len(own) > 0 {
		r.hours = nil
		return nil
	}
	if r.hours == nil || !slices.Equal(own, r.own) || from.Before(r.from) || !from.Truncate(time.Hour).Equal(r.from.Truncate(time.Hour)) || r.ahead(now) {
		all, err := s.readHours(ctx, from, own, "true")
		if err != nil {
			return err
		}
		r.hours, r.own = all, own
	} else if err := s.readAgain(ctx, from, now); err != nil {
		return err
	}
	r.from, r.seen = from, map[uint16]uint64{}
	for _, at := range now {
		r.seen[at.shard] = at.offset
	}
	return nil
}

// ahead reports whether a shard has gone back, as it does where a backup took the place of the tables.
func (r *latest) ahead(now progress) bool {
	return slices.ContainsFunc(now, func(at shardProgress) bool { return r.seen[at.shard] > at.offset })
}

// readAgain reads the hours that shards have written to since.
func (s *Source) readAgain(ctx context.Context, from time.Time, now progress) error {
	r := &s.recent
	var shards []uint16
	var seen []uint64
	for _, at := range now {
		if before, known := r.seen[at.shard]; !known || before != at.offset {
			shards, seen = append(shards, at.shard), append(seen, before)
		}
	}
	if len(shards) == 0 {
		return nil
	}
	// What is written is found by the index of as_of, the better the less far apart the shards' offsets are.
	which := `(bcp, start) IN (
        SELECT bcp, start FROM ` + s.table("windows") + `
        WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour' AND start >= fromUnixTimestamp({from:Int64})
            AND as_of > arrayMin({seen:Array(UInt64)}) AND as_of > transform(shard, {shards:Array(UInt16)}, {seen:Array(UInt64)}, 0xffffffffffffffff))`
	again, err := s.readHours(ctx, from, r.own, which, clickhouse.Named("shards", shards), clickhouse.Named("seen", seen))
	if err != nil {
		return err
	}
	for bcp, changed := range again {
		if r.hours[bcp] == nil {
			r.hours[bcp] = map[int64]*hour{}
		}
		maps.Copy(r.hours[bcp], changed)
	}
	return nil
}
