package player

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/simulator"
)

// script is a simulation of emissions at given instants.
type script []int64

func (s *script) Next() (simulator.Emission, bool) {
	if len(*s) == 0 {
		return simulator.Emission{}, false
	}
	at := (*s)[0]
	*s = (*s)[1:]
	return simulator.Emission{At: at, Event: &event.Event{Type: event.TruckArrived, BCP: 1}}, true
}

func (s *script) Vocabulary() *event.Vocabulary {
	voc, err := event.NewVocabulary([]string{"A"}, []string{"customs"})
	if err != nil {
		panic(err)
	}
	return voc
}

// log is a sink that notes when, in life, what it was given was flushed.
type log struct {
	begun   time.Time
	waiting []int64
	flushed map[int64]time.Duration
	err     error
}

func (l *log) Add(_ context.Context, r event.Record) error {
	l.waiting = append(l.waiting, r.Time)
	return l.err
}

func (l *log) Flush(context.Context) error {
	for _, at := range l.waiting {
		l.flushed[at] = time.Since(l.begun)
	}
	l.waiting = nil
	return nil
}

func TestEmissionsFollowTheClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Two trucks have come before the demo starts, one comes an hour and one two hours later; an hour goes in a minute.
		now := time.Now()
		at := func(d time.Duration) int64 { return now.Add(d).UnixMilli() }
		l := &log{begun: now, flushed: map[int64]time.Duration{}}
		ahead := []time.Duration{}
		sim := script{at(-2 * time.Hour), at(-time.Hour), at(time.Hour), at(2 * time.Hour)}
		err := Play(t.Context(), &sim, NewClock(now, 60), l, func() { ahead = append(ahead, time.Since(now)) })
		if err != nil {
			t.Fatal(err)
		}
		want := map[int64]time.Duration{
			at(-2 * time.Hour): 0, at(-time.Hour): 0, at(time.Hour): 2 * time.Minute, at(2 * time.Hour): 2 * time.Minute,
		}
		// The third truck is flushed when the wait for the fourth begins.
		want[at(time.Hour)] = time.Minute
		for at, d := range want {
			if l.flushed[at] != d {
				t.Errorf("the truck at %v was flushed after %v, not %v", time.UnixMilli(at), l.flushed[at], d)
			}
		}
		if !slices.Equal(ahead, []time.Duration{0}) {
			t.Errorf("caught up at %v", ahead)
		}
	})
}

func TestClockWithoutTimeStartsAtTheFirstEmission(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{begun: time.Now(), flushed: map[int64]time.Duration{}}
		sim := script{1000, 11_000}
		if err := Play(t.Context(), &sim, NewClock(time.Time{}, 10), l, nil); err != nil {
			t.Fatal(err)
		}
		if l.flushed[1000] != 0 || l.flushed[11_000] != time.Second {
			t.Errorf("flushed after %v", l.flushed)
		}
	})
}

// slow is a sink that takes a second for each record.
type slow struct{ log }

func (s *slow) Add(ctx context.Context, r event.Record) error {
	time.Sleep(time.Second)
	return s.log.Add(ctx, r)
}

// At 10,000,000,000 times the speed of life 317 years pass in a second, and an hour at its 10,000,000,000th part lasts a million.
func TestClockOfAnySpeedWaitsOnlyForEarlyEmissions(t *testing.T) {
	for speed, want := range map[float64]time.Duration{1e10: 3 * time.Second, 1: 2*time.Hour + time.Second} {
		synctest.Test(t, func(t *testing.T) {
			begun := time.Now()
			sink := &slow{log{begun: begun, flushed: map[int64]time.Duration{}}}
			sim := script{0, time.Hour.Milliseconds(), 2 * time.Hour.Milliseconds()}
			err := Play(t.Context(), &sim, NewClock(time.Time{}, speed), sink, nil)
			if took := time.Since(begun); err != nil || took != want {
				t.Errorf("speed %v: took %v, %v, want %v", speed, took, err, want)
			}
		})
	}
	c := NewClock(time.Time{}, 1e-10)
	c.start(0)
	if left := c.until(time.Hour.Milliseconds()); left < 100*365*24*time.Hour {
		t.Errorf("speed 1e-10: an hour lasts %v", left)
	}
}

func TestPlayWithoutClockDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &log{begun: time.Now(), flushed: map[int64]time.Duration{}}
		sim := script{0, time.Now().Add(1000 * time.Hour).UnixMilli()}
		if err := Play(t.Context(), &sim, nil, l, nil); err != nil {
			t.Fatal(err)
		}
		if len(l.flushed) != 2 || time.Since(l.begun) != 0 {
			t.Errorf("flushed %v after %v", l.flushed, time.Since(l.begun))
		}
	})
}

func TestPlayEndsWithContextOrSinkError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		l := &log{begun: time.Now(), flushed: map[int64]time.Duration{}}
		sim := script{0, time.Hour.Milliseconds()}
		if err := Play(ctx, &sim, NewClock(time.Time{}, 1), l, nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("cancelled: %v", err)
		}
		l.err = errors.New("no broker")
		sim = script{0}
		if err := Play(t.Context(), &sim, nil, l, nil); !errors.Is(err, l.err) {
			t.Errorf("failing sink: %v", err)
		}
	})
}
