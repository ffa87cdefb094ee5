package clickhouse

import (
	"context"
	"slices"
	"sync"
	"time"
)

// together has what several want at the same time done once for all of them. Databases call it group commit. An insert costs
// ClickHouse some fifteen milliseconds however few rows it has, and the shards of a process flush at the same time.
//
// No more than most are under way at a time; who comes while they are waits, and goes with all others who wait. What fails for
// several is done for each alone where it may be the doing of one: one has given up, which cuts it short for all, or it was
// refused.
type together[T any] struct {
	do      func(ctx context.Context, items []T) error
	most    int
	refused func(error) bool

	mu      sync.Mutex
	under   int
	lingers bool // one who leads
	alone   int  // so many in a row had no company
	waiting []*wish[T]
}

// wish is what one wants. It is told once: to lead, or what came of it.
type wish[T any] struct {
	ctx  context.Context
	item T
	told chan verdict
}

type verdict struct {
	lead, alone bool
	err         error
}

// with does it for item, and for others that come meanwhile. Who gives up while it is done with others returns when it has
// been cut short: its memory was being read.
func (t *together[T]) with(ctx context.Context, item T) error {
	w := &wish[T]{ctx, item, make(chan verdict, 1)}
	t.mu.Lock()
	if !t.lingers && t.under < t.most {
		t.lingers = true
		t.mu.Unlock()
		return t.lead(w)
	}
	t.waiting = append(t.waiting, w)
	t.mu.Unlock()
	v, gone := t.wait(w)
	switch {
	case gone:
		return ctx.Err()
	case v.lead:
		return t.lead(w)
	case v.alone:
		return t.do(ctx, []T{item})
	}
	return v.err
}

// wait waits until w is told, or gone from those who wait.
func (t *together[T]) wait(w *wish[T]) (v verdict, gone bool) {
	select {
	case v = <-w.told:
		return v, false
	case <-w.ctx.Done():
	}
	t.mu.Lock()
	i := slices.Index(t.waiting, w)
	if i >= 0 {
		t.waiting = slices.Delete(t.waiting, i, i+1)
	}
	t.mu.Unlock()
	if i >= 0 {
		return v, true
	}
	return <-w.told, false
}

// linger is how long who leads waits for others, until as many as solitary in a row have had no company. Those for whom something
// was done together want the next thing at the same time, and would otherwise leave one behind the others with each step.
const linger, solitary = 10 * time.Millisecond, 8

// lead does it for w and all who wait, and has the next one lead.
func (t *together[T]) lead(w *wish[T]) error {
	t.mu.Lock()
	company := t.alone < solitary
	t.mu.Unlock()
	if company {
		select {
		case <-time.After(linger):
		case <-w.ctx.Done():
		}
	}
	t.mu.Lock()
	all := append([]*wish[T]{w}, t.waiting...)
	t.waiting, t.lingers = nil, false
	t.under++
	if t.alone++; len(all) > 1 {
		t.alone = 0
	}
	t.mu.Unlock()

	ctx, cancel := context.WithCancel(w.ctx)
	defer cancel()
	items := make([]T, len(all))
	for i, one := range all {
		items[i] = one.item
		if i > 0 {
			defer context.AfterFunc(one.ctx, cancel)()
		}
	}
	err := t.do(ctx, items)

	t.mu.Lock()
	t.under--
	if len(t.waiting) > 0 && !t.lingers {
		next := t.waiting[0]
		t.waiting, t.lingers = t.waiting[1:], true
		next.told <- verdict{lead: true}
	}
	t.mu.Unlock()
	alone := err != nil && len(all) > 1 && (ctx.Err() != nil || t.refused(err))
	for _, one := range all[1:] {
		one.told <- verdict{alone: alone, err: err}
	}
	if alone {
		return t.do(w.ctx, items[:1])
	}
	return err
}
