package mem

import (
	"container/heap"
	"slices"
)

// Queue is a priority queue of values by time, the earliest first.
type Queue[V any] struct{ items queued[V] }

// Len is the number of values.
func (q *Queue[V]) Len() int { return len(q.items) }

// First is the earliest value. The queue must not be empty.
func (q *Queue[V]) First() (at int64, v V) { return q.items[0].at, q.items[0].value }

// Push adds a value. heap.Push would take memory for each.
func (q *Queue[V]) Push(at int64, v V) {
	q.items = append(q.items, queueItem[V]{at, v})
	heap.Fix(&q.items, len(q.items)-1)
}

// Pop takes the earliest value. The queue must not be empty. heap.Pop would take memory for each.
func (q *Queue[V]) Pop() (at int64, v V) {
	at, v = q.First()
	last := len(q.items) - 1
	q.items.Swap(0, last)
	if q.items = q.items[:last]; last > 0 {
		heap.Fix(&q.items, 0)
	}
	return at, v
}

// DeleteFunc deletes the values of which gone returns true.
func (q *Queue[V]) DeleteFunc(gone func(at int64, v V) bool) {
	q.items = slices.DeleteFunc(q.items, func(i queueItem[V]) bool { return gone(i.at, i.value) })
	heap.Init(&q.items)
}

type queueItem[V any] struct {
	at    int64
	value V
}

type queued[V any] []queueItem[V]

// Len, Less, Swap, Push and Pop implement heap.Interface.
func (q queued[V]) Len() int           { return len(q) }
func (q queued[V]) Less(i, j int) bool { return q[i].at < q[j].at }
func (q queued[V]) Swap(i, j int)      { q[i], q[j] = q[j], q[i] }
func (q *queued[V]) Push(x any)        { *q = append(*q, x.(queueItem[V])) }
func (q *queued[V]) Pop() any {
	last := len(*q) - 1
	i := (*q)[last]
	*q = (*q)[:last]
	return i
}
