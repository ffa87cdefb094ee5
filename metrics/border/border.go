// Package border is what all shards of the border know now: each as its owner in this process has published it, or as the tables
// have it.
//
// It promises that a shard counts once, so that nothing is lost or counted twice while a partition moves from one process to another:
// with what this process knows while it has the shard and is as far as the tables, and else with what the tables have, which may be
// behind what was shown; that an overview never changes once it is returned; and that
// Changed wakes after each change. It refuses to read anything: the tables' overviews are given to it (Stored).
package border

import (
	"maps"
	"slices"
	"sync"

	"dwell/metrics/engine"
)

// Border is safe for concurrent use.
type Border struct {
	places int

	mu  sync.Mutex
	own map[int]*engine.Overview
	// stored are those from the tables, and those of shards that this process had until the tables were read next.
	stored  map[int]*engine.Overview
	read    bool          // the tables, once
	changed chan struct{} // closed with the next change

	summing sync.Mutex
	summed  []*engine.Overview // what sum was made of
	sum     *engine.Overview
	cache   []placeSum
}

// New makes a border of so many BCPs.
func New(places int) *Border {
	return &Border{
		places: places, own: map[int]*engine.Overview{}, stored: map[int]*engine.Overview{}, changed: make(chan struct{}),
		cache: make([]placeSum, 1+places),
	}
}

// Published takes what a shard of this process knows.
func (b *Border) Published(shard int, o *engine.Overview) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.own[shard] = o
	if newer(o, b.stored[shard]) {
		delete(b.stored, shard)
	}
	b.wake()
}

// Closed says that this process has given up the shard. What it knew counts until the tables are read next.
func (b *Border) Closed(shard int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	last, open := b.own[shard]
	if !open {
		return
	}
	delete(b.own, shard)
	if newer(last, b.stored[shard]) {
		b.stored[shard] = last
	}
	b.wake()
}

// Have is the offset of each shard that this process has. Of these only what the tables have of later offsets is of use.
func (b *Border) Have() map[int]int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	have := map[int]int64{}
	for shard, o := range b.own {
		have[shard] = o.Shards[0].Offset
	}
	return have
}

// Elsewhere reports whether shards of other processes count: what these know comes from the tables alone.
func (b *Border) Elsewhere() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for shard, o := range b.stored {
		if own, mine := b.own[shard]; !mine || !newer(own, o) {
			return true
		}
	}
	return false
}

// Stored takes the overviews of all shards but those that this process had, by shard, as the tables have them. Have is what it had
// when they were read: one of these may have been closed since, and then counts until the tables are read next.
func (b *Border) Stored(all map[int]*engine.Overview, have map[int]int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.read = true
	next := maps.Clone(all)
	for shard := range have {
		if last, closed := b.stored[shard]; closed && next[shard] == nil {
			next[shard] = last
		}
	}
	if maps.Equal(next, b.stored) {
		return
	}
	b.stored = next
	b.wake()
}

// Complete reports whether the overview has all shards: the tables have been read once. Before that it has those which this process
// has opened by then, a part of the border that nobody should take for all of it.
func (b *Border) Complete() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read
}

// Changed is closed when the overview is another one than at the call.
func (b *Border) Changed() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.changed
}

// Wake wakes those who wait for a change, because something else has changed that is shown with the border.
func (b *Border) Wake() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.wake()
}

func (b *Border) wake() {
	close(b.changed)
	b.changed = make(chan struct{})
}

func newer(a, b *engine.Overview) bool {
	return b == nil || a.Shards[0].Offset >= b.Shards[0].Offset
}

// parts are the overviews that count, in the order of shards.
func (b *Border) parts() (parts []*engine.Overview) {
	b.mu.Lock()
	defer b.mu.Unlock()
	best := maps.Clone(b.stored)
	for shard, o := range b.own {
		if newer(o, best[shard]) {
			best[shard] = o
		}
	}
	for _, shard := range slices.Sorted(maps.Keys(best)) {
		parts = append(parts, best[shard])
	}
	return parts
}

// Overview is what all shards know together. It is shared: the caller must not change it.
func (b *Border) Overview() *engine.Overview {
	b.summing.Lock()
	defer b.summing.Unlock()
	parts := b.parts()
	if b.sum != nil && slices.Equal(parts, b.summed) {
		return b.sum
	}
	sum := &engine.Overview{Places: make([]engine.PlaceOverview, 1+b.places)}
	for _, o := range parts {
		sum.Shards = append(sum.Shards, o.Shards...)
	}
	for at := 1; at <= b.places; at++ {
		sum.Places[at] = b.cache[at].add(parts, at)
	}
	b.summed, b.sum = parts, sum
	return sum
}
