package kafka

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff paces retries: the pause doubles from min to max with every failure in a row, with a random jitter of up to a
// third.
type backoff struct {
	min, max time.Duration
	failures int
}

func (b *backoff) reset() { b.failures = 0 }

// next is the pause after one more failure.
func (b *backoff) next() time.Duration {
	d := min(b.min<<min(b.failures, 20), b.max)
	b.failures++
	return d - rand.N(d/3+1)
}

// wait pauses after one more failure. It returns false when ctx ends first.
func (b *backoff) wait(ctx context.Context) bool { return sleep(ctx, b.next()) }

func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
