package border

import (
	"testing"

	"dwell/ingest/event"
	"dwell/metrics/engine"
	"dwell/metrics/hours"
	"dwell/metrics/window"
)

// knows is what a shard knows at an offset: trucks inside the one BCP, and arrivals in hours by their starts.
func knows(shard int, offset int64, trucks int, arrivals map[int32]int64) *engine.Overview {
	o := &engine.Overview{Shards: []engine.Standing{{Shard: shard, Offset: offset}}, Places: make([]engine.PlaceOverview, 2)}
	p := &o.Places[1]
	for d := range p.Inside {
		p.Inside[d] = engine.NoOccupancy()
	}
	p.Inside[event.Inbound].Trucks = trucks
	for _, start := range []int32{60, 120, 180} {
		if n := arrivals[start]; n > 0 {
			sum := &window.HourSum{}
			sum.Apply(window.Arrivals, 0, 0, int32(n))
			p.Hours = append(p.Hours, engine.HourAt{Start: start, HourSum: sum})
		}
	}
	return o
}

// wants compares the trucks inside and the arrivals.
func wants(t *testing.T, b *Border, trucks int, arrivals map[int32]int64) {
	t.Helper()
	p := &b.Overview().Places[1]
	if n := p.Inside[event.Inbound].Trucks; n != trucks {
		t.Errorf("%d trucks are inside, want %d", n, trucks)
	}
	if len(p.Hours) != len(arrivals) {
		t.Errorf("%d hours, want %d", len(p.Hours), len(arrivals))
	}
	for _, h := range p.Hours {
		if n := h.Counts.Of("arrivals"); n != arrivals[h.Start] {
			t.Errorf("%d arrivals at %d, want %d", n, h.Start, arrivals[h.Start])
		}
	}
}

func wantsElsewhere(t *testing.T, b *Border, want bool) {
	t.Helper()
	if b.Elsewhere() != want {
		t.Errorf("other processes have shards: %v", !want)
	}
}

func TestAShardCountsOnceWhileItsPartitionMoves(t *testing.T) {
	b := New(1)
	wants(t, b, 0, nil)

	t.Log("this process has shard 0, another one shard 1")
	b.Published(0, knows(0, 10, 3, map[int32]int64{60: 2, 120: 1}))
	b.Stored(map[int]*engine.Overview{1: knows(1, 7, 4, map[int32]int64{120: 5})}, b.Have())
	wants(t, b, 7, map[int32]int64{60: 2, 120: 6})
	wantsElsewhere(t, b, true)
	if have := b.Have(); len(have) != 1 || have[0] != 10 {
		t.Errorf("have %v", have)
	}

	t.Log("this process opens shard 1 at the offset that the other process had written, and applies more events")
	b.Published(1, knows(1, 7, 4, map[int32]int64{120: 5}))
	wants(t, b, 7, map[int32]int64{60: 2, 120: 6})
	b.Published(1, knows(1, 9, 5, map[int32]int64{120: 6}))
	wants(t, b, 8, map[int32]int64{60: 2, 120: 7})
	wantsElsewhere(t, b, false)

	t.Log("shard 0 goes away: what was known holds until the tables are read")
	b.Closed(0)
	b.Closed(0)
	wantsElsewhere(t, b, true)
	wants(t, b, 8, map[int32]int64{60: 2, 120: 7})
	b.Stored(map[int]*engine.Overview{0: knows(0, 12, 1, map[int32]int64{60: 2, 120: 1, 180: 1})}, b.Have())
	wants(t, b, 6, map[int32]int64{60: 2, 120: 7, 180: 1})

	t.Log("shard 1 is another process's by now, which this one does not know yet: the tables have more")
	b.Stored(map[int]*engine.Overview{0: knows(0, 12, 1, nil), 1: knows(1, 20, 2, map[int32]int64{180: 1})}, b.Have())
	wants(t, b, 3, map[int32]int64{180: 1})
	b.Published(0, knows(0, 12, 1, nil))
	wantsElsewhere(t, b, true)
	if shards := b.Overview().Shards; len(shards) != 2 || shards[1].Offset != 20 {
		t.Errorf("shards %+v", shards)
	}
}

// The tables are read for a second or so. A partition that goes away meanwhile was this process's when the reading began, so
// the shard is not among what was read.
func TestAShardThatIsClosedWhileTheTablesAreReadStillCounts(t *testing.T) {
	b := New(1)
	b.Published(0, knows(0, 10, 3, map[int32]int64{60: 2}))
	have := b.Have()
	read := map[int]*engine.Overview{1: knows(1, 7, 4, nil)}
	b.Closed(0)
	b.Stored(read, have)
	wants(t, b, 7, map[int32]int64{60: 2})

	t.Log("the next reading is of all shards")
	b.Stored(map[int]*engine.Overview{0: knows(0, 10, 3, nil), 1: knows(1, 8, 5, nil)}, b.Have())
	wants(t, b, 8, nil)
}

func TestEachChangeWakes(t *testing.T) {
	b := New(1)
	one := knows(0, 1, 1, nil)
	for _, c := range []struct {
		name   string
		change func()
		wakes  bool
	}{
		{"a publication", func() { b.Published(0, one) }, true},
		{"what the tables have", func() { b.Stored(map[int]*engine.Overview{1: one}, b.Have()) }, true},
		{"the same again", func() { b.Stored(map[int]*engine.Overview{1: one}, b.Have()) }, false},
		{"the end of a shard", func() { b.Closed(0) }, true},
		{"the end of one that this process did not have", func() { b.Closed(5) }, false},
		{"something else", b.Wake, true},
	} {
		changed := b.Changed()
		c.change()
		woken := false
		select {
		case <-changed:
			woken = true
		default:
		}
		if woken != c.wakes {
			t.Errorf("%s wakes: %v", c.name, woken)
		}
	}
}

// One shard has read of a closing, another one not yet.
func TestOpeningsAreThoseOfAllShards(t *testing.T) {
	b := New(1)
	open, shut := hours.New(nil, nil), hours.New(nil, nil)
	shut.Apply(&event.Event{Type: event.BCPClosed, ID: []byte("1"), Source: []byte("/post"), Time: 1000, BCP: 1})
	behind, ahead := knows(0, 1, 0, nil), knows(1, 1, 0, nil)
	behind.Places[1].Openings, ahead.Places[1].Openings = open, shut
	b.Published(0, behind)
	if h := b.Overview().Places[1].Openings; !h.Open(event.Inbound, 2000) {
		t.Error("closed before the closing is known")
	}
	b.Published(1, ahead)
	if h := b.Overview().Places[1].Openings; h.Open(event.Inbound, 2000) || !h.Open(event.Inbound, 500) {
		t.Error("open though one shard knows of the closing")
	}
	if !open.Open(event.Inbound, 2000) {
		t.Error("the shard's own hours have changed")
	}
}
