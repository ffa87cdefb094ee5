package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
)

const (
	topic   = "dwell.events"
	letters = "dwell.dead_letters"
)

// ledger replaces the database: it remembers every record's value by partition, and the offset up to which each
// partition is stored.
type ledger struct {
	mu      sync.Mutex
	stored  map[int]int64
	values  map[int][]string
	open    map[int]int
	wrong   []string
	lost    int64
	buffer  map[int]int
	highest int
	failed  map[Failure]int
	changed chan struct{}

	// As the Observer was told.
	joined               bool
	assigned             []int
	opened, ends, stable map[int]int64
	probes               int
	unreached            error
	standing             []string

	// onHandle, where set, is called before a batch is stored.
	onHandle func(ctx context.Context, partition int, b Batch) error
	// onWrite, where set, is called after a batch with records.
	onWrite func(partition int)
	// onShortLog, where set, is called when the log has become shorter.
	onShortLog func(partition int, next, end int64)
}

func newLedger() *ledger {
	return &ledger{
		stored: map[int]int64{}, values: map[int][]string{}, open: map[int]int{}, buffer: map[int]int{},
		failed: map[Failure]int{}, changed: make(chan struct{}), opened: map[int]int64{}, ends: map[int]int64{}, stable: map[int]int64{},
	}
}

// waitTimeout is the time limit of every wait. It is generous, since no test measures time.
const waitTimeout = 2 * time.Minute

// update changes the ledger under its lock and wakes all waiting goroutines.
func (l *ledger) update(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f()
	close(l.changed)
	l.changed = make(chan struct{})
}

// until waits for a condition on the ledger.
func (l *ledger) until(t *testing.T, what string, done func() bool) {
	t.Helper()
	timeout := time.After(waitTimeout)
	for {
		l.mu.Lock()
		ok, changed := done(), l.changed
		l.mu.Unlock()
		if ok {
			return
		}
		select {
		case <-changed:
		case <-timeout:
			t.Fatalf("timed out waiting until %s: %v %v", what, l.failed, l.stored)
		}
	}
}

// more waits until n more records are stored.
func (l *ledger) more(t *testing.T, n int) {
	t.Helper()
	l.mu.Lock()
	n += l.total()
	l.mu.Unlock()
	l.until(t, fmt.Sprintf("%d records are stored", n), func() bool { return l.total() >= n })
}

func (l *ledger) handler(int) Handler { return &entry{ledger: l} }

func (l *ledger) Joined(assigned []int)         { l.update(func() { l.joined, l.assigned = true, assigned }) }
func (l *ledger) Left()                         { l.update(func() { l.joined = false }) }
func (l *ledger) Reached(err error)             { l.update(func() { l.probes, l.unreached = l.probes+1, err }) }
func (l *ledger) Assigned(int, bool)            {}
func (l *ledger) Opened(partition int, n int64) { l.update(func() { l.opened[partition] = n }) }
func (l *ledger) Fetched(partition, _ int, end, stable int64) {
	l.update(func() { l.ends[partition], l.stable[partition] = end, stable })
}

func (l *ledger) Standing(_ int, err error) {
	l.update(func() { l.standing = append(l.standing, err.Error()) })
}
func (l *ledger) Handled(int, int)    {}
func (l *ledger) Failed(f Failure)    { l.update(func() { l.failed[f]++ }) }
func (l *ledger) Lost(_ int, n int64) { l.update(func() { l.lost += n }) }
func (l *ledger) Buffered(p, n int) {
	l.update(func() { l.buffer[p], l.highest = n, max(l.highest, n) })
}

// entry is the Handler that writes to the ledger.
type entry struct {
	ledger    *ledger
	partition int
	next      int64
	some      bool // records in the last batch
	failed    bool
}

func (e *entry) Open(_ context.Context, partition int) (int64, error) {
	e.partition = partition
	e.ledger.update(func() {
		if e.ledger.open[partition]++; e.ledger.open[partition] > 1 {
			e.ledger.wrong = append(e.ledger.wrong, fmt.Sprintf("partition %d is open twice", partition))
		}
		e.next = e.ledger.stored[partition]
	})
	return e.next, nil
}

func (e *entry) Handle(ctx context.Context, b Batch) error {
	e.some = len(b.Records) > 0
	if e.ledger.onHandle != nil {
		if err := e.ledger.onHandle(ctx, e.partition, b); err != nil {
			e.failed = true
			return err
		}
	}
	e.ledger.update(func() {
		last := e.next - 1
		for _, r := range b.Records {
			if r.Offset <= last || r.Offset >= b.Next {
				e.ledger.wrong = append(e.ledger.wrong,
					fmt.Sprintf("partition %d: offset %d after %d, next %d", e.partition, r.Offset, last, b.Next))
			}
			last = r.Offset
			value := string(r.Value)
			if r.Unreadable != "" {
				value = "unreadable " + r.Unreadable
			}
			e.ledger.values[e.partition] = append(e.ledger.values[e.partition], value)
		}
		if b.Next < e.next {
			e.ledger.wrong = append(e.ledger.wrong, fmt.Sprintf("next fell from %d to %d", e.next, b.Next))
		}
		e.next = b.Next
		e.ledger.stored[e.partition] = b.Next
	})
	return nil
}

func (e *entry) Write(context.Context) error {
	if e.ledger.onWrite != nil && e.some {
		e.ledger.onWrite(e.partition)
	}
	return nil
}

func (e *entry) ShortLog(_ context.Context, next, end int64) error {
	e.failed = true
	if e.ledger.onShortLog != nil {
		e.ledger.onShortLog(e.partition, next, end)
	}
	return nil
}

func (e *entry) Close(ctx context.Context) error {
	e.ledger.update(func() {
		e.ledger.open[e.partition]--
		if (ctx.Err() != nil) != e.failed {
			e.ledger.wrong = append(e.ledger.wrong, fmt.Sprintf("closed with context %v, failed %v", ctx.Err(), e.failed))
		}
	})
	return nil
}

// check ends the test when a promise was broken.
func (l *ledger) check(t *testing.T) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, w := range l.wrong {
		t.Error(w)
	}
	for p, n := range l.open {
		if n != 0 {
			t.Errorf("partition %d is still open", p)
		}
	}
}

// total counts the values of all partitions; the caller holds the lock.
func (l *ledger) total() int {
	n := 0
	for _, v := range l.values {
		n += len(v)
	}
	return n
}

func config(addr string) Config {
	cfg := DefaultConfig()
	cfg.Brokers = []string{addr}
	cfg.SessionTimeout = 6 * time.Second
	cfg.DrainTimeout = 5 * time.Second
	cfg.Tick = 10 * time.Millisecond
	cfg.CommitInterval = 20 * time.Millisecond
	cfg.BackoffMin, cfg.BackoffMax = 5*time.Millisecond, 100*time.Millisecond
	return cfg
}

// consume runs a consumer until stop is called or the test ends; stop waits and returns what Run returned.
func consume(t *testing.T, cfg Config, l *ledger) (c *Consumer, stop func() error) {
	t.Helper()
	return consumeAs(t, cfg, l, l, slog.New(slog.DiscardHandler))
}

func consumeAs(t *testing.T, cfg Config, l *ledger, obs Observer, log *slog.Logger) (c *Consumer, stop func() error) {
	t.Helper()
	c, err := New(cfg, l.handler, obs, log)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- c.Run(ctx) }()
	stop = sync.OnceValue(func() error {
		cancel()
		return <-done
	})
	t.Cleanup(func() { _ = stop() })
	return c, stop
}

func producer(t testing.TB, cfg Config) *Producer {
	t.Helper()
	p, err := NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

var errRefused = errors.New("refused")
