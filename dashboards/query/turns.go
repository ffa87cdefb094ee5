package query

import (
	"context"
	"slices"
	"sync"
	"time"

	"dwell/dashboards/overview"
)

// longestWait is how long a question waits for its turn. It is less than the time that the API gives an answer, so that there is
// some left.
const longestWait = 10 * time.Second

// turns let some questions at a time be answered, and some more wait. Of those that wait, the next is of the client with the fewest at
// work, so that a client with many delays its own. One client has half of the waiting room
// at most.
type turns struct {
	places, room int

	mu      sync.Mutex
	busy    int
	working map[string]int // by client
	waiting []*waiter      // in the order in which they came
}

type waiter struct {
	client string
	turn   chan struct{} // closed when it comes
}

func newTurns(places, room int) *turns {
	return &turns{places: places, room: room, working: map[string]int{}}
}

// enter waits for the turn of a question of a client. The error is overview.ErrBusy, or that of ctx.
func (t *turns) enter(ctx context.Context, client string) (leave func(), err error) {
	me := &waiter{client: client, turn: make(chan struct{})}
	leave = func() { t.leave(client) }
	t.mu.Lock()
	if t.busy < t.places {
		t.begin(client)
		t.mu.Unlock()
		return leave, nil
	}
	if len(t.waiting) >= t.room || t.of(client) >= max(1, t.room/2) {
		t.mu.Unlock()
		return nil, overview.ErrBusy
	}
	t.waiting = append(t.waiting, me)
	t.mu.Unlock()
	patience := time.NewTimer(longestWait)
	defer patience.Stop()
	select {
	case <-me.turn:
		return leave, nil
	case <-patience.C:
		err = overview.ErrBusy
	case <-ctx.Done():
		err = ctx.Err()
	}
	t.mu.Lock()
	at := slices.Index(t.waiting, me)
	if at >= 0 {
		t.waiting = slices.Delete(t.waiting, at, at+1)
	}
	t.mu.Unlock()
	if at < 0 { // its turn came meanwhile
		t.leave(client)
	}
	return nil, err
}

// of is how many questions of a client wait. The caller holds mu.
func (t *turns) of(client string) (n int) {
	for _, w := range t.waiting {
		if w.client == client {
			n++
		}
	}
	return n
}

// begin counts a question of a client as at work. The caller holds mu.
func (t *turns) begin(client string) {
	t.busy++
	t.working[client]++
}

// leave ends a question of a client, and begins that of the next one.
func (t *turns) leave(client string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy--
	if t.working[client]--; t.working[client] == 0 {
		delete(t.working, client)
	}
	if len(t.waiting) == 0 {
		return
	}
	next := slices.MinFunc(t.waiting, func(a, b *waiter) int { return t.working[a.client] - t.working[b.client] })
	t.waiting = slices.DeleteFunc(t.waiting, func(w *waiter) bool { return w == next })
	t.begin(next.client)
	close(next.turn)
}
