package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ledger is where shards' rows go, an insert of ten milliseconds after the other.
type ledger struct {
	batcher[string]
	mu      sync.Mutex
	inserts []string
	refuses func(rows []string) error
}

var errRefused, errAway = errors.New("refused"), errors.New("no route")

func newLedger() *ledger {
	l := &ledger{refuses: func([]string) error { return nil }}
	l.limit, l.refused = 1, func(err error) bool { return errors.Is(err, errRefused) }
	l.run = func(ctx context.Context, rows []string) error {
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
		if err := l.refuses(rows); err != nil {
			return err
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		slices.Sort(rows)
		l.inserts = append(l.inserts, fmt.Sprint(rows))
		return nil
	}
	return l
}

func (l *ledger) holds(t *testing.T, want ...string) {
	t.Helper()
	if !slices.Equal(l.inserts, want) {
		t.Errorf("inserts %v, should be %v", l.inserts, want)
	}
}

// Four shards flush at the same time, each a row into table after table.
func TestRequestsAtTheSameTimeAreOneBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		events, windows := newLedger(), newLedger()
		var shards sync.WaitGroup
		for i := range 4 {
			shards.Go(func() {
				for _, table := range []*ledger{events, windows} {
					if err := table.do(t.Context(), fmt.Sprint(i)); err != nil {
						t.Error(err)
					}
				}
			})
		}
		shards.Wait()
		events.holds(t, "[0 1 2 3]")
		windows.holds(t, "[0 1 2 3]")
	})
}

// A shard whose insert comes while as many run as may waits for the next.
func TestLateRequestGoesWithTheNextBatch(t *testing.T) {
	for limit, want := range map[int][]string{1: {"[0]", "[1 2]", "[3]"}, 2: {"[0]", "[1]", "[2]", "[3]"}} {
		synctest.Test(t, func(t *testing.T) {
			l := newLedger()
			l.limit = limit
			var shards sync.WaitGroup
			for i, after := range []time.Duration{0, linger + time.Millisecond, 2*linger + 2*time.Millisecond, time.Second} {
				if limit == 1 && i == 2 {
					after -= linger // the first is still under way
				}
				shards.Go(func() {
					time.Sleep(after)
					if err := l.do(t.Context(), fmt.Sprint(i)); err != nil {
						t.Error(err)
					}
				})
			}
			shards.Wait()
			l.holds(t, want...)
		})
	}
}

// The only shard of a process waits for others some times, and then for none.
func TestOnlyShardOfAProcessDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		var took []time.Duration
		for range maxSingles + 2 {
			begin := time.Now()
			if err := l.do(t.Context(), "0"); err != nil {
				t.Fatal(err)
			}
			took = append(took, time.Since(begin))
		}
		if took[maxSingles-1] != linger+10*time.Millisecond || took[maxSingles] != 10*time.Millisecond || took[maxSingles+1] != 10*time.Millisecond {
			t.Errorf("inserts took %v", took)
		}
	})
}

// ClickHouse refuses the rows of shard 2. The others' are written.
func TestRefusedRequestDoesNotFailTheOthersOfItsBatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		l.refuses = func(rows []string) error {
			if slices.Contains(rows, "2") {
				return errRefused
			}
			return nil
		}
		var shards sync.WaitGroup
		for i := range 4 {
			shards.Go(func() {
				if err := l.do(t.Context(), fmt.Sprint(i)); (i == 2) != errors.Is(err, errRefused) {
					t.Errorf("shard %d: %v", i, err)
				}
			})
		}
		shards.Wait()
		slices.Sort(l.inserts)
		l.holds(t, "[0]", "[1]", "[3]")
	})
}

// ClickHouse is away: each shard gets the error, and tries again by itself later.
func TestFailedBatchIsNotTriedAgainForEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLedger()
		tries := 0
		l.refuses = func([]string) error {
			tries++
			return errAway
		}
		var shards sync.WaitGroup
		for i := range 4 {
			shards.Go(func() {
				if err := l.do(t.Context(), fmt.Sprint(i)); !errors.Is(err, errAway) {
					t.Errorf("shard %d: %v", i, err)
				}
			})
		}
		shards.Wait()
		if tries != 1 {
			t.Errorf("%d tries", tries)
		}
	})
}

// A shard is lost while it waits, or while its rows are written with others' or alone. Its request returns at once, its rows
// are read no more, and the others' are written.
func TestCancelledRequestReturnsAtOnce(t *testing.T) {
	for _, lost := range []struct {
		shard int
		after time.Duration
	}{
		{0, linger / 2},                  // lingers
		{0, linger + time.Millisecond},   // writes with another
		{1, linger + time.Millisecond},   // is written by another
		{2, linger + 5*time.Millisecond}, // waits for the next insert
	} {
		t.Run(fmt.Sprint(lost), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l := newLedger()
				begin := time.Now()
				var shards sync.WaitGroup
				for i := range 4 {
					shards.Go(func() {
						if i >= 2 {
							time.Sleep(linger + 3*time.Millisecond)
						}
						ctx := t.Context()
						if i == lost.shard {
							var cancel context.CancelFunc
							ctx, cancel = context.WithCancel(ctx)
							timer := time.AfterFunc(lost.after-time.Since(begin), cancel)
							defer timer.Stop()
						}
						err := l.do(ctx, fmt.Sprint(i))
						if i != lost.shard {
							if err != nil {
								t.Errorf("shard %d: %v", i, err)
							}
							return
						}
						if took := time.Since(begin); !errors.Is(err, context.Canceled) || took != lost.after {
							t.Errorf("the lost shard: %v after %v", err, took)
						}
					})
				}
				shards.Wait()
				var rows []string
				for _, insert := range l.inserts {
					for _, r := range insert {
						if r >= '0' && r <= '9' {
							rows = append(rows, string(r))
						}
					}
				}
				slices.Sort(rows)
				want := slices.DeleteFunc([]string{"0", "1", "2", "3"}, func(r string) bool { return r == fmt.Sprint(lost.shard) })
				if !slices.Equal(rows, want) {
					t.Errorf("rows of %v are there, should be of %v", rows, want)
				}
			})
		})
	}
}
