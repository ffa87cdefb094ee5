package app

import (
	"testing"

	"dwell/metrics/border"
	"dwell/metrics/engine"
)

// A process restarts: its first shard is open, the others are not, and the tables have not been read.
func TestScrapeDoesNotTakeAPartOfTheBorderForAllOfIt(t *testing.T) {
	s := &System{border: border.New(1)}
	shard := func(id int) *engine.Overview {
		return &engine.Overview{Shards: []engine.Standing{{Shard: id, Offset: 1, HasLatest: true}}, Places: make([]engine.PlaceOverview, 2)}
	}
	s.border.Published(0, shard(0))
	if o := s.known(); len(o.Shards) != 0 || len(o.Places) != 0 {
		t.Errorf("before the tables were read: %+v", o)
	}
	s.border.Stored(map[int]*engine.Overview{1: shard(1)}, s.border.Have())
	if o := s.known(); len(o.Shards) != 2 || len(o.Places) != 2 {
		t.Errorf("when they were read: %+v", o)
	}
}
