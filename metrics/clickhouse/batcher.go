package clickhouse

import (
	"context"
	"slices"
	"sync"
	"time"
)

// batcher does for several requests at once what each wants, which databases call group commit: an insert costs ClickHouse about
// the same however few rows it has, and the shards of a process flush at the same time. Eight shards that insert twenty events
// each take an eighth of the CPU time in ClickHouse (BenchmarkBatcher, median of 7 alternating pairs, 2026-11-29, 2 cores that
// were busy).
//
// At most limit batches run at a time; a request that comes while they do waits, and goes with all others that wait. A batch that
// fails is done again for each request alone where one request may be the cause: one was cancelled, which cuts the batch short
// for all, or ClickHouse refused it.
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

// request is what one caller wants. It gets one result: that it leads the next batch, or the outcome of the one it was in.
type request[T any] struct {
	ctx    context.Context
	item   T
	result chan result
}

type result struct {
	lead, single bool
	err          error
}

// do runs item, with others that come meanwhile. When ctx ends while a batch runs, it returns once the batch has been cut short,
// since that was reading the caller's memory.
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

// A leader waits for others for linger, until maxSingles batches in a row have had one request. Requests that were in one batch
// come back for the next table at the same time, and would otherwise leave one behind the others with each step.
const linger, maxSingles = 10 * time.Millisecond, 8

// lead runs r and all that wait as one batch, and then has the next one lead.
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
