// Package repeat does something again and again that may fail for a while.
//
// It promises that failures are tried again ever more rarely, and that each other reason of a failure is said once. It refuses to give up: it ends with
// its context alone.
package repeat

import (
	"context"
	"log/slog"
	"time"
)

// Every says how often something is done.
type Every struct {
	// Pause is between two times, Longest between two of which each fails.
	Pause, Longest time.Duration
	// Failed is logged with the reason of a failure.
	Failed string
	Log    *slog.Logger
}

// Run does it until ctx ends.
func (e Every) Run(ctx context.Context, do func(context.Context) error) error {
	said := ""
	for pause := e.Pause; ; {
		switch err := do(ctx); {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			pause, said = e.Pause, ""
		default:
			pause = min(2*pause, e.Longest)
			if said != err.Error() {
				said = err.Error()
				e.Log.Warn(e.Failed, "error", err)
			}
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(pause):
		}
	}
}

// Anew says when to learn anew.
//
// It is learned once a day. At first, when a history may still be counted, that is sooner: when twice as much time has passed since the
// first version.
type Anew struct{ Least, Most time.Duration }

// Due reports whether to learn now, of when the first and the last version were learned; zero before the first.
func (a Anew) Due(first, last, now time.Time) bool {
	return last.IsZero() || now.Sub(last) >= min(max(last.Sub(first), a.Least), a.Most)
}

// Daily is once a day, and after ten minutes at first.
var Daily = Anew{Least: 10 * time.Minute, Most: 24 * time.Hour}
