package receiver

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// admission bounds how much is posted at once, and at what rate.
type admission struct {
	most      int
	perSecond rate.Limit
	burst     int

	mu     sync.Mutex
	bodies int
	of     map[string]*account
}

// account is what a token has used.
type account struct {
	bodies  int
	limiter *rate.Limiter
}

func newAdmission(cfg Config) *admission {
	return &admission{
		most: cfg.MaxAtOnce, perSecond: rate.Limit(cfg.EventsPerSecond), burst: MaxEvents + cfg.EventsPerSecond,
		of: map[string]*account{},
	}
}

// busyFor is how long a client should wait for a place among the bodies at work.
const busyFor = time.Second

// enter takes a place for a body of a token, which leave gives back, or returns how long to wait. The n-th body of a token needs n free places: one
// token has half of them at most (rounded up), and slow bodies of two leave a quarter to others, those of three an eighth.
func (a *admission) enter(name string, now time.Time) (leave func(), wait time.Duration) {
	a.mu.Lock()
	defer a.mu.Unlock()
	mine := a.of[name]
	if mine == nil {
		mine = &account{limiter: rate.NewLimiter(a.perSecond, a.burst)}
		a.of[name] = mine
	}
	// What a body costs is known once it is read. It is charged then, so a token may be in debt.
	if short := 1 - mine.limiter.TokensAt(now); short > 0 {
		return nil, time.Duration(short / float64(a.perSecond) * float64(time.Second))
	}
	if mine.bodies >= a.most-a.bodies {
		return nil, busyFor
	}
	a.bodies++
	mine.bodies++
	return func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.bodies--
		mine.bodies--
	}, 0
}

// bytesPerEvent is how much of a body costs what an event does. A body of few events, or of none, is unpacked and read all the same.
const bytesPerEvent = 4 << 10

// charge counts a body that was read, to its end or up to where it was refused: its events, or its bytes where they cost more.
func (a *admission) charge(name string, now time.Time, size, events int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	limiter := a.of[name].limiter
	for left := max(1, events, size/bytesPerEvent); left > 0; left -= a.burst {
		limiter.ReserveN(now, min(left, a.burst)) // more at once than a burst would cost nothing
	}
}

// seconds is a time for the header Retry-After, in whole seconds.
func seconds(wait time.Duration) int { return int(math.Ceil(wait.Seconds())) }
