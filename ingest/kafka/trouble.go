package kafka

import (
	"context"
	"log/slog"
	"time"
)

// trouble is an operation that fails and is tried again. It is logged when it begins, then ever more seldom, with the error of then,
// and once when it is over: Kafka may be away for days, and is asked every few seconds.
type trouble struct {
	since, again time.Time // when it began, and when it is logged next; zero where nothing fails
	tries        int
}

// quietFor is how long a trouble lasts until it is logged again; from then on, each time twice as long.
const quietFor = time.Minute

func (t *trouble) failed(log *slog.Logger, level slog.Level, text string, err error, args ...any) {
	now := time.Now()
	t.tries++
	switch {
	case t.since.IsZero():
		t.since, t.again = now, now.Add(quietFor)
	case now.Before(t.again):
		return
	default:
		t.again = now.Add(now.Sub(t.since))
		args = append(args, "since", t.since.UTC().Format(time.RFC3339), "tries", t.tries)
	}
	log.Log(context.Background(), level, text, append(args, "error", err)...)
}

func (t *trouble) over(log *slog.Logger, text string, args ...any) {
	if !t.since.IsZero() {
		log.Info(text, append(args, "after", time.Since(t.since).Round(time.Millisecond), "tries", t.tries)...)
	}
	*t = trouble{}
}
