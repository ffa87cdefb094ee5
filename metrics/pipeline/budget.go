package pipeline

import (
	"sync"
	"sync/atomic"
	"time"
)

// Budget is how many bytes all shards of a process may buffer for their flushes, with what is being written. Each open shard has an
// equal share, at most largest, so that memory does not grow with the number of partitions. It is safe for concurrent use.
//
// A shard that is taken over between the announcement and the end of a flush buffers up to the announced offset, whatever
// its share: once, about largest for each shard.
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

// sparing is the pause after an overview that took so long.
func (b *Budget) sparing(took time.Duration) time.Duration {
	return sparing * took * time.Duration(max(1, b.open.Load()))
}
