package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"dwell/dashboards/overview"
	"dwell/metrics/engine"
)

// beginWithOthers brings a process with partitions 0 and 3 of the group "dwell" to where its numbers are current. Others have 1 and 2.
func beginWithOthers() *witness {
	w := newWitness()
	w.unassigned = newUnassigned("dwell", 8*time.Second)
	w.begin()
	return w
}

// uncounted is what /readyz says of a partition that another member has.
func uncounted(partition int, records int64, since time.Time) string {
	return fmt.Sprintf(`partition %d is not counted: %d records wait, and the member of the consumer group "dwell" that has it has counted none since %s: `+
		"if it is another dwell, its /readyz says why; if it is no dwell, stop it, or give it another group", partition, records, since.UTC().Format(time.RFC3339))
}

func (w *witness) wantWaiting(t *testing.T, want int64) {
	t.Helper()
	if got := w.Overview().RecordsWaiting; got != want {
		t.Errorf("the page says that %d records wait, want %d", got, want)
	}
}

func TestPartitionsThatOtherMembersDoNotCountAreNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := beginWithOthers()
		none := map[overview.Part]time.Duration{}
		began := time.Now()
		w.other(2, 40, 7)
		time.Sleep(6 * time.Second)
		w.other(1, 0, 3)
		w.other(2, 40, 9)
		for _, pause := range []time.Duration{5 * time.Second, 6 * time.Second} {
			time.Sleep(pause)
			w.other(1, 0, 3)
			w.other(2, 40, 9)
		}
		w.wantReady(t) // the slowest flush of a dwell takes eight seconds more than that of its shards
		w.wantShown(t, none, 0)
		w.wantWaiting(t, 0)
		time.Sleep(time.Second)
		w.wantReady(t) // nobody has looked
		woken := w.woken
		w.other(2, 40, 12)
		w.wantReady(t, uncounted(2, 12, began))
		w.wantShown(t, none, 18*time.Second)
		w.wantWaiting(t, 12)
		w.wantLag(t, map[int]int64{0: 0, 3: 0})
		w.wantStanding(t, map[int]bool{0: false, 3: false})
		if w.woken != woken+1 {
			t.Errorf("viewers were woken %d times, want once", w.woken-woken)
		}
		time.Sleep(6 * time.Second)
		w.other(1, 0, 5)
		w.other(2, 40, 12)
		w.wantReady(t, uncounted(1, 5, began.Add(6*time.Second)), uncounted(2, 12, began))
		w.wantShown(t, none, 24*time.Second)
		w.wantWaiting(t, 17)

		t.Log("one counts some, and one all")
		w.other(1, 5, 0)
		w.other(2, 45, 10)
		w.wantReady(t)
		w.wantShown(t, none, 0)
		w.wantWaiting(t, 0)
	})
}

// However many records wait: what another member counts does not stand.
func TestPartitionThatAnotherMemberIsCatchingUpWithIsNotNamed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := beginWithOthers()
		for progress := int64(1000); progress < 60000; progress += 1000 {
			w.other(1, progress, 1e6-progress)
			w.wantReady(t)
			time.Sleep(15 * time.Second)
		}
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		w.wantWaiting(t, 0)
	})
}

// lookForAMinute looks as others do.
func lookForAMinute(look func()) {
	look()
	for range int(time.Minute / lookEvery) {
		time.Sleep(lookEvery)
		look()
	}
}

func TestRebalanceForgetsThePartitionsThatThisProcessGets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := beginWithOthers()
		began := time.Now()
		look := func() {
			w.other(1, 0, 3)
			w.other(2, 40, 7)
		}
		lookForAMinute(look)
		both := []string{uncounted(1, 3, began), uncounted(2, 7, began)}
		w.wantReady(t, both...)

		t.Log("while the group assigns partitions, no process knows yet which ones it gets")
		w.groupLeft()
		w.wantReady(t, notJoined)
		if theirs := w.ofOthers(4); theirs != nil {
			t.Errorf("others have %v", theirs)
		}
		t.Log("this process gets the first one")
		w.groupJoined([]int{0, 1})
		if theirs := w.ofOthers(4); !slices.Equal(theirs, []int{2, 3}) {
			t.Errorf("others have %v", theirs)
		}
		for _, shard := range []int{0, 1} {
			w.opened(shard, 100)
			w.fetched(shard, 100, 100)
		}
		w.wantReady(t, both[1])
		look() // which began before
		w.wantReady(t, both[1])
		w.wantShown(t, map[overview.Part]time.Duration{}, time.Minute)

		t.Log("and gives it back")
		time.Sleep(time.Second)
		w.groupLeft()
		w.groupJoined([]int{0})
		w.opened(0, 100)
		w.fetched(0, 100, 100)
		back := time.Now()
		look()
		w.wantReady(t, both[1])
		lookForAMinute(look)
		w.wantReady(t, uncounted(1, 3, back), both[1])
	})
}

// What is away says enough; once it is back, it is said again what was true before and is still true.
func TestNothingIsSaidOfOthersThatCannotBeAsked(t *testing.T) {
	for part, reached := range map[overview.Part]func(w *witness, err error){
		overview.Kafka:      func(w *witness, err error) { w.kafkaReached(err) },
		overview.ClickHouse: func(w *witness, err error) { w.clickhouseReached(err) },
	} {
		t.Run(string(part), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := beginWithOthers()
				began := time.Now()
				lookForAMinute(func() { w.other(2, 40, 7) })
				reached(w, errors.New("connection refused"))
				away := time.Now()
				w.wantReady(t, string(part)+" is away since "+away.UTC().Format(time.RFC3339))
				w.wantShown(t, map[overview.Part]time.Duration{part: 0}, 0)
				w.wantWaiting(t, 0)
				if theirs := w.ofOthers(4); theirs != nil {
					t.Errorf("asked about %v", theirs)
				}
				reached(w, nil)
				w.other(2, 40, 7)
				w.wantReady(t, uncounted(2, 7, began))
				w.other(2, 47, 0)
				w.wantReady(t)
			})
		})
	}
}

// Records of a partition were seen to wait once, and then Kafka was away for an hour, in which the member that has the partition could count nothing.
// It has as long as any other to count some of them.
func TestTimeInWhichNobodyCouldLookMakesNoPartitionStand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := beginWithOthers()
		w.other(2, 40, 7)
		w.kafkaReached(errors.New("connection refused"))
		time.Sleep(time.Hour)
		w.kafkaReached(nil)
		back := time.Now()
		w.other(2, 40, 7)
		w.wantReady(t)
		w.wantShown(t, map[overview.Part]time.Duration{}, 0)
		time.Sleep(9 * time.Second)
		w.other(2, 40, 7)
		since := back.Add(-9 * time.Second) // the first look after the outage speaks for as much
		w.wantReady(t, uncounted(2, 7, since))
		w.wantShown(t, map[overview.Part]time.Duration{}, 18*time.Second)
	})
}

// The loop compares what is left of each log with the tables, of the partitions of others alone.
func TestOthersAreLookedAtEveryFewSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := beginWithOthers()
		firsts, ends, counted := []int64{0, 0, 60, 0}, []int64{100, 10, 90, 100}, []int64{0, 10, 40, 0}
		leaderless := errors.New("partition 1 has no leader")
		var mu sync.Mutex // of what follows
		var asked []int
		var away error // what is asked about partition 1
		change := func(f func()) {
			mu.Lock()
			defer mu.Unlock()
			f()
		}
		ctx, cancel := context.WithCancel(t.Context())
		look := others{
			partitions: 4, health: w.health, log: slog.New(slog.NewTextHandler(&w.log, nil)),
			bounds: func(_ context.Context, p int) (first, end int64, err error) {
				mu.Lock()
				defer mu.Unlock()
				if asked = append(asked, p); p == 1 {
					err = away
				}
				return firsts[p], ends[p], err
			},
			progress: func(_ context.Context, p int) (engine.Progress, error) {
				mu.Lock()
				defer mu.Unlock()
				return engine.Progress{Offset: counted[p]}, nil
			},
		}
		ended := make(chan error)
		go func() { ended <- look.run(ctx) }()
		time.Sleep(lookEvery + time.Second)
		change(func() {
			if !slices.Equal(asked, []int{1, 2}) {
				t.Errorf("asked about %v", asked)
			}
		})
		began := time.Now().Add(-time.Second)
		t.Log("the records 40 to 59 were deleted, and a partition whose leader is away hides no other one")
		change(func() { away = leaderless })
		time.Sleep(21 * time.Second)
		synctest.Wait()
		w.wantReady(t, uncounted(2, 30, began))
		if n := strings.Count(w.log.String(), leaderless.Error()); n != 1 {
			t.Errorf("logged %d times:\n%s", n, w.log.String())
		}
		t.Log("all are counted")
		change(func() { counted[2] = 90 })
		time.Sleep(lookEvery)
		w.wantReady(t)
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// Each question takes four seconds, so a look has time for two of five partitions. The leader of one answers nothing at all.
func TestLooksTakeTurnsWhereTimeIsShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWitness()
		w.unassigned = newUnassigned("dwell", 8*time.Second)
		w.begin() // with partitions 0 and 3
		var asked []int
		look := others{
			partitions: 7, health: w.health,
			bounds: func(ctx context.Context, p int) (first, end int64, err error) {
				asked = append(asked, p)
				silent := time.Hour
				if p != 4 {
					silent = 4 * time.Second
				}
				select {
				case <-ctx.Done():
					return 0, 0, ctx.Err()
				case <-time.After(silent):
					return 0, 10, nil
				}
			},
			progress: func(context.Context, int) (engine.Progress, error) { return engine.Progress{Offset: 7}, nil },
		}
		wants := func(from, next int, err error, partitions ...int) {
			t.Helper()
			asked = nil
			got, failed := look.look(t.Context(), from)
			if got != next || !errors.Is(failed, err) || !slices.Equal(asked, partitions) {
				t.Errorf("from %d: asked %v, next %d, %v; want %v, next %d, %v", from, asked, got, failed, partitions, next, err)
			}
		}
		wants(0, 4, nil, 1, 2, 4)
		wants(4, 5, context.DeadlineExceeded, 4, 5)
		wants(5, 1, nil, 5, 6, 1)
		wants(1, 4, nil, 1, 2, 4)
		if got := slices.Sorted(maps.Keys(w.unassigned.waiting)); !slices.Equal(got, []int{1, 2, 5, 6}) {
			t.Errorf("records are known to wait in the partitions %v", got)
		}
	})
}
