package pipeline

import (
	"sync"
	"sync/atomic"
)

// Budget is how many bytes may wait for their flush in all shards of a process together. Each open shard has an equal part
// of it, so that memory does not grow with the number of partitions, but no more than largest. It is safe for concurrent
// use.
//
// A process that takes over shards that were about to flush must hold as much of each as was announced, whatever its part: that
// is about largest for each shard, once.
type Budget struct {
	bytes int
	open  atomic.Int64
	spare sync.Pool // of *work
}

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{bytes: bytes} }

const largest = 64 << 20

// share is the part of one shard.
func (b *Budget) share() int { return min(largest, b.bytes/int(max(1, b.open.Load()))) }
