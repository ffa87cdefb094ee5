package clickhouse

import (
	"context"
	"slices"
	"sync"
	"time"
)

// together has what several want at the same time done once for all of them: while it is done for some, others wait, and are
// then the next ones together. Databases call it group commit. An insert costs ClickHouse some ten milliseconds however few
// rows it has, and the shards of a process flush at the same time.
//
// If it fails for several it is done for each alone, so that none fails by the doing of another. Whoever gives up waits no
// longer; what is done for it with others is cut short for all, and done for each alone.
type together[T any] struct {
	do func(ctx context.Context, items []T) error

	mu      sync.Mutex
	busy    bool
	waiting []*wish[T]
}

// wish is what one wants. It is told once: to do it, with all others that wait by then, or what came of it.
type wish[T any] struct {
	ctx  context.Context
	item T
	told chan verdict
}

type verdict struct {
	lead bool
	err  error
}

// with does it for item, and for others that come meanwhile.
func (t *together[T]) with(ctx context.Context, item T) error {
	w := &wish[T]{ctx, item, make(chan verdict, 1)}
	t.mu.Lock()
	if t.busy {
		t.waiting = append(t.waiting, w)
		t.mu.Unlock()
		v, gone := t.wait(w)
		switch {
		case gone:
			return ctx.Err()
		case !v.lead && v.err != nil:
			return t.do(ctx, []T{item})
		case !v.lead:
			return nil
		}
	} else {
		t.busy = true
		t.mu.Unlock()
	}
	return t.lead(w)
}

// wait waits until w is told; gone says that it is no longer in what is done for others.
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
	return <-w.told, false // its memory is being read: whoever does it is told by w.ctx to stop
}

// linger is how long who leads waits for others. Those for whom something was done together want the next thing at the same
// time, and would otherwise leave one behind the others with each step.
const linger = 10 * time.Millisecond

// lead does it for w and all who wait, and has the next one lead.
func (t *together[T]) lead(w *wish[T]) error {
	select {
	case <-time.After(linger):
	case <-w.ctx.Done():
	}
	t.mu.Lock()
	all := append([]*wish[T]{w}, t.waiting...)
	t.waiting = nil
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
	if len(t.waiting) > 0 {
		next := t.waiting[0]
		t.waiting = t.waiting[1:]
		next.told <- verdict{lead: true}
	} else {
		t.busy = false
	}
	t.mu.Unlock()
	for _, one := range all[1:] {
		one.told <- verdict{err: err}
	}
	if err != nil && len(all) > 1 {
		return t.do(w.ctx, items[:1])
	}
	return err
}
