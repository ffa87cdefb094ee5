// Package follow keeps in force what is usual at each BCP, and follows the spikes.
//
// It promises that one process of all learns and looks, and that all of them have what it wrote within a minute. A look is written with what the next one
// needs, so that after a restart, or in another process, a spike goes on as it was. Failures are tried again; while ClickHouse is away, what
// was known before holds. It refuses to look back: what late events say of a quarter of an hour changes windows, and no spike.
package follow

import (
	"context"
	"log/slog"
	"time"

	"dwell/metrics/repeat"
	"dwell/metrics/usual"
)

// Store is what the loop needs of the tables.
type Store interface {
	// UsualLearned is when the first and the last version until an instant were learned, zero before the first.
	UsualLearned(ctx context.Context, until time.Time) (first, last time.Time, err error)
	Usual(ctx context.Context, learned time.Time) (*usual.Learned, error)
	WriteUsual(ctx context.Context, l *usual.Learned) error
	// Deviations returns the last look at each series from an instant until another.
	Deviations(ctx context.Context, since, until time.Time) (map[usual.Series]usual.Looked, error)
	WriteDeviations(ctx context.Context, all map[usual.Series]usual.Looked) error
}

// Source is where values come from.
type Source interface {
	// LearnUsual says what is usual, of the weeks before an instant.
	LearnUsual(ctx context.Context, now time.Time) (map[usual.Series]*usual.Week, error)
	// SeeUsual sees the series that may have spikes, as they are now.
	SeeUsual(now time.Time, l *usual.Learned) (map[usual.Series]usual.Seen, error)
}

// Loop learns and looks where this process is the one of all that does, and else reads what that has written.
type Loop struct {
	Store   Store
	Source  Source
	Elected func() bool
	// Put takes what is in force from now on; it does not change.
	Put func(*usual.InForce)
	Now func() time.Time
	Log *slog.Logger

	known   usual.InForce
	looks   bool      // this process made the last look
	checked time.Time // by the monotonic clock: when the tables were asked last
}

const (
	// checkEvery is between questions whether another process has learned or looked. It is by the machine's clock: that of a
	// simulation runs faster.
	checkEvery = time.Minute
	// lookBack is how old a look may be for a spike to go on.
	lookBack = 2 * 24 * time.Hour
)

// Run goes on until ctx ends.
func (f *Loop) Run(ctx context.Context) error {
	return repeat.Every{
		Pause: time.Second, Longest: time.Minute, Failed: "what is usual is not known anew; what was known before holds", Log: f.Log,
	}.Run(ctx, f.Look)
}

// Look does what is due: it learns, looks, or reads.
func (f *Loop) Look(ctx context.Context) error {
	elected := f.Elected()
	if f.known.Learned == nil || time.Since(f.checked) >= checkEvery || elected != f.looks {
		if err := f.check(ctx, elected); err != nil {
			return err
		}
		f.checked, f.looks = time.Now(), elected
	}
	if !elected {
		return nil
	}
	return f.look(ctx)
}

// check reads what other processes have written, and learns if that is due.
func (f *Loop) check(ctx context.Context, elected bool) error {
	now := f.Now()
	first, last, err := f.Store.UsualLearned(ctx, now)
	if err != nil {
		return err
	}
	if elected && repeat.Daily.Due(first, last, now) {
		weeks, err := f.Source.LearnUsual(ctx, now)
		if err != nil {
			return err
		}
		l := &usual.Learned{At: now.UTC().Truncate(time.Millisecond), Weeks: weeks}
		if len(weeks) > 0 && f.Elected() {
			if err := f.Store.WriteUsual(ctx, l); err != nil {
				return err
			}
			last = l.At
		}
	}
	switch {
	case last.IsZero():
		f.known.Learned = &usual.Learned{}
	case f.known.Learned == nil || !last.Equal(f.known.At):
		if f.known.Learned, err = f.Store.Usual(ctx, last); err != nil {
			f.known.Learned = nil
			return err
		}
	}
	if !elected || !f.looks { // what it looked itself it knows
		if f.known.Looked, err = f.Store.Deviations(ctx, now.Add(-lookBack), now); err != nil {
			return err
		}
	}
	f.put()
	return nil
}

// look looks once in each quarter of an hour.
func (f *Loop) look(ctx context.Context) error {
	now := f.Now()
	quarter := now.UTC().Truncate(usual.Every)
	for _, l := range f.known.Looked {
		if !l.At.Before(quarter) {
			return nil
		}
	}
	seen, err := f.Source.SeeUsual(now, f.known.Learned)
	if err != nil || len(seen) == 0 {
		return err
	}
	next := make(map[usual.Series]usual.Looked, len(seen))
	for of, s := range seen {
		s.At = quarter
		l := usual.Looked{Seen: s, Spike: f.known.Looked[of].Spike}
		l.Spike.Step(s)
		next[of] = l
	}
	if err := f.Store.WriteDeviations(ctx, next); err != nil {
		return err
	}
	f.known.Looked = next
	f.put()
	return nil
}

func (f *Loop) put() {
	known := f.known
	f.Put(&known)
}
