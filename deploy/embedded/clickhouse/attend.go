package clickhouse

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// killAgain is how often a statement whose client has left is told to end, until it has.
const killAgain = 250 * time.Millisecond

// attend ends the statement that c runs when its client has left, which ctx says. The function that it returns must be called
// before c is lent again; the next client's statement would be ended otherwise.
func (h *handler) attend(ctx context.Context, c *conn) (over func()) {
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		select {
		case <-done:
			return
		case <-ctx.Done():
		}
		for {
			if _, err := h.pool.keep.query(fmt.Sprintf("KILL QUERY WHERE has(thread_ids, %d) ASYNC", c.thread), "Null", nil, discard); err != nil {
				h.log.Debug("statement of a client that has left not ended", "error", err)
			}
			select {
			case <-done:
				return
			case <-time.After(killAgain):
			}
		}
	})
	return func() {
		close(done)
		watching.Wait()
	}
}
