package clickhouse

import (
	"context"
	"slices"
	"sync"
	"time"
)

// batcher combines concurrent requests (group commit): an insert costs ClickHouse about the same however few rows it has,
// and the shards of a process flush at the same time. Eight shards that insert twenty events each take an eighth of the CPU
// time in ClickHouse (BenchmarkBatcher, median of 7 alternating pairs, 2026-11-29, 2 cores that were busy).
//
// At most limit batches run at a time; requests that come meanwhile wait and form the next batch. A failed batch is retried
// as single requests if one of them may be the cause: one was cancelled, which cancels the batch, or ClickHouse refused it.
type batcher[T any] struct {
	run     func(ctx context.Context, items []T) error
	limit   int
	refused func(error) bool

	mu         sync.Mutex
	running    int
	collecting bool // a leader waits for others
	singles    int  // batches in a row that had one request
	waiting    []*request[T]
}

// request is one caller's item. It gets one result: that it leads the next batch, or the outcome of its batch.
type request[T any] struct {
	ctx    context.Context
	item   T
	result chan result
}

type result struct {
	lead, single bool
	err          error
}

// do runs item in a batch. If ctx ends while the batch runs, do returns after the batch has stopped, because it reads the
// caller's memory.
func (b *batcher[T]) do(ctx context.Context, item T) error {
	r := &request[T]{ctx, item, make(chan result, 1)}
	b.mu.Lock()
	if !b.collecting && b.running < b.limit {
		b.collecting = true
		b.mu.Unlock()
		return b.lead(r)
	}
	b.waiting = append(b.waiting, r)
	b.mu.Unlock()
	res, cancelled := b.await(r)
	switch {
	case cancelled:
		return ctx.Err()
	case res.lead:
		return b.lead(r)
	case res.single:
		return b.run(ctx, []T{item})
	}
	return res.err
}

// await waits for the result of r, or takes r back when its context ends first.
func (b *batcher[T]) await(r *request[T]) (res result, cancelled bool) {
	select {
	case res = <-r.result:
		return res, false
	case <-r.ctx.Done():
	}
	b.mu.Lock()
	i := slices.Index(b.waiting, r)
	if i >= 0 {
		b.waiting = slices.Delete(b.waiting, i, i+1)
	}
	b.mu.Unlock()
	if i >= 0 {
		return res, true
	}
	return <-r.result, false
}

// A leader waits linger for other requests, unless the last maxSingles batches had one request each. The requests of one
// batch go on to the next table at the same time; without lingering one of them would miss each batch.
const linger, maxSingles = 10 * time.Millisecond, 8

// lead runs r and all waiting requests as one batch, then appoints the next leader.
func (b *batcher[T]) lead(r *request[T]) error {
	b.mu.Lock()
	wait := b.singles < maxSingles
	b.mu.Unlock()
	if wait {
		select {
		case <-time.After(linger):
		case <-r.ctx.Done():
		}
	}
	b.mu.Lock()
	batch := append([]*request[T]{r}, b.waiting...)
	b.waiting, b.collecting = nil, false
	b.running++
	if b.singles++; len(batch) > 1 {
		b.singles = 0
	}
	b.mu.Unlock()

	ctx, cancel := context.WithCancel(r.ctx)
	defer cancel()
	items := make([]T, len(batch))
	for i, one := range batch {
		items[i] = one.item
		if i > 0 {
			defer context.AfterFunc(one.ctx, cancel)()
		}
	}
	err := b.run(ctx, items)

	b.mu.Lock()
	b.running--
	if len(b.waiting) > 0 && !b.collecting {
		next := b.waiting[0]
		b.waiting, b.collecting = b.waiting[1:], true
		next.result <- result{lead: true}
	}
	b.mu.Unlock()
	single := err != nil && len(batch) > 1 && (ctx.Err() != nil || b.refused(err))
	for _, one := range batch[1:] {
		one.result <- result{single: single, err: err}
	}
	if single {
		return b.run(r.ctx, items[:1])
	}
	return err
}
