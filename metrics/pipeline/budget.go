package pipeline

import "sync/atomic"

// Budget is how many bytes may wait for their flush in all shards of a process together. Each open shard has an equal part
// of it, so that memory does not grow with the number of partitions. It is safe for concurrent use.
type Budget struct {
	bytes int
	open  atomic.Int64
}

// NewBudget makes a budget of so many bytes.
func NewBudget(bytes int) *Budget { return &Budget{bytes: bytes} }

// share is the part of one shard.
func (b *Budget) share() int { return b.bytes / int(max(1, b.open.Load())) }
