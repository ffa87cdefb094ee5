package query

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/ClickHouse/clickhouse-go/v2"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/window"
)

// stored are the overviews of the shards that other processes have, from the tables. At a busy border they are made of millions
// of rows, of which few change in a second.
type stored struct {
	shards map[int]*storedShard
	// openings are by BCP, from the events of all shards: each shard gets those about a place. next is the offset to read them
	// from, by shard.
	openings []*hours.Hours
	next     map[uint16]uint64
}

// storedShard is one shard as it was read last.
type storedShard struct {
	seen     uint64 // how far it was
	from     time.Time
	hours    map[hourOf]*window.HourSum
	overview *engine.Overview
}

type hourOf struct {
	bcp   event.BCP
	start int32 // minutes since the Unix epoch
}

// readStored reads the overviews of the shards of which this process does not have as much as the tables, by their progress: have is
// the offset of each that it has. All rows up to where a shard stands had been written, so only hours are read again that have rows as of a
// later offset than the shard had reached the last time. Once an hour all are: a replica of a cluster may show a shard's progress
// before its rows.
func (s *Source) readStored(ctx context.Context, all progress, have map[int]int64) (map[int]*engine.Overview, error) {
	from := s.now().UTC().Add(-s.cfg.Reach())
	shards := map[int]*storedShard{}
	var anew, again []shardProgress
	for _, at := range all {
		shard := int(at.shard)
		if own, mine := have[shard]; mine && own >= int64(at.offset) {
			continue
		}
		switch known := s.stored.shards[shard]; {
		case known == nil || known.seen > at.offset || from.Before(known.from) || !from.Truncate(time.Hour).Equal(known.from.Truncate(time.Hour)):
			anew = append(anew, at)
		case known.seen < at.offset:
			again = append(again, at)
		default:
			shards[shard] = known
		}
	}
	if err := s.readAnew(ctx, shards, anew, from); err != nil {
		return nil, err
	}
	if err := s.readAgain(ctx, shards, again); err != nil {
		return nil, err
	}
	if err := s.readOpenings(ctx, shards); err != nil {
		return nil, err
	}
	if err := s.makeOverviews(ctx, shards, append(anew, again...)); err != nil {
		return nil, err
	}
	s.stored.shards = shards
	known := map[int]*engine.Overview{}
	for shard, at := range shards {
		known[shard] = at.overview
	}
	return known, nil
}

// readAnew reads all hours of shards.
func (s *Source) readAnew(ctx context.Context, shards map[int]*storedShard, which []shardProgress, from time.Time) error {
	if len(which) == 0 {
		return nil
	}
	var ids []uint16
	for _, at := range which {
		ids = append(ids, at.shard)
		shards[int(at.shard)] = &storedShard{seen: at.offset, from: from, hours: map[hourOf]*window.HourSum{}}
	}
	return s.readHours(ctx, from, "shard IN ({shards:Array(UInt16)})", []any{clickhouse.Named("shards", ids)}, func(shard int, at hourOf, sum *window.HourSum) {
		shards[shard].hours[at] = sum
	})
}

// readAgain reads the hours that shards have written to since.
func (s *Source) readAgain(ctx context.Context, shards map[int]*storedShard, which []shardProgress) error {
	if len(which) == 0 {
		return nil
	}
	var ids []uint16
	var seen []uint64
	from := time.Time{}
	for _, at := range which {
		known := s.stored.shards[int(at.shard)]
		ids, seen = append(ids, at.shard), append(seen, known.seen)
		if from.IsZero() || known.from.Before(from) {
			from = known.from
		}
		shards[int(at.shard)] = &storedShard{seen: at.offset, from: known.from, hours: maps.Clone(known.hours)}
	}
	// What is written is found by the index of as_of, the better the less far apart the shards' offsets are.
	written := `(shard, bcp, start) IN (
        SELECT shard, bcp, start FROM ` + s.table("windows") + `
        WHERE bcp IN ({ids:Array(String)}) AND grain = 'hour' AND start >= fromUnixTimestamp({from:Int64})
            AND as_of > arrayMin({seen:Array(UInt64)}) AND as_of > transform(shard, {shards:Array(UInt16)}, {seen:Array(UInt64)}, 0xffffffffffffffff))`
	args := []any{clickhouse.Named("shards", ids), clickhouse.Named("seen", seen)}
	return s.readHours(ctx, from, written, args, func(shard int, at hourOf, sum *window.HourSum) {
		shards[shard].hours[at] = sum
	})
}

// makeOverviews makes the overviews of those that were read.
func (s *Source) makeOverviews(ctx context.Context, shards map[int]*storedShard, which []shardProgress) error {
	if len(which) == 0 {
		return nil
	}
	var ids []uint16
	for _, at := range which {
		ids = append(ids, at.shard)
		standing := engine.Standing{Shard: int(at.shard), Offset: int64(at.offset), Horizon: shards[int(at.shard)].from.UnixMilli()}
		if standing.HasLatest = at.latest != nil && at.watermark != nil; standing.HasLatest {
			standing.Latest, standing.Watermark = at.latest.UnixMilli(), at.watermark.UnixMilli()
		}
		o := &engine.Overview{Shards: []engine.Standing{standing}, Places: make([]engine.PlaceOverview, 1+len(s.places))}
		for b := range o.Places {
			if b > 0 {
				o.Places[b].Openings = s.stored.openings[b]
			}
			for d := range o.Places[b].Inside {
				o.Places[b].Inside[d] = engine.NoOccupancy()
			}
		}
		for hour, sum := range shards[int(at.shard)].hours {
			place := &o.Places[hour.bcp]
			place.Hours = append(place.Hours, engine.HourAt{Start: hour.start, HourSum: sum})
		}
		for b := range o.Places {
			slices.SortFunc(o.Places[b].Hours, func(a, b engine.HourAt) int { return int(a.Start) - int(b.Start) })
		}
		shards[int(at.shard)].overview = o
	}
	return s.readInside(ctx, ids, func(shard int, b event.BCP, d event.Direction, in engine.Occupancy) {
		shards[shard].overview.Places[b].Inside[d] = in
	})
}

// codes are those of a BCP and a direction in the tables, which may be empty.
func (s *Source) codes(bcp, direction string) (event.BCP, event.Direction, error) {
	b, known := s.voc.BCP([]byte(bcp))
	if !known {
		return 0, 0, fmt.Errorf("bcp %q is not one of the places", bcp)
	}
	if direction == "" {
		return b, event.NoDirection, nil
	}
	d, known := event.ParseDirection([]byte(direction))
	if !known {
		return 0, 0, fmt.Errorf("direction %q is not supported", direction)
	}
	return b, d, nil
}

func orNever(t *time.Time) int64 {
	if t == nil {
		return engine.Never
	}
	return t.UnixMilli()
}
