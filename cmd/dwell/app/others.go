package app

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"dwell/metrics/engine"
)

// others looks at the partitions that other members of the consumer group have. One that is no dwell, such as a console consumer with the
// same group, takes its share of the partitions and counts nothing, and no process that counts would notice.
type others struct {
	partitions int // of the topic of events
	bounds     func(ctx context.Context, partition int) (first, end int64, err error)
	progress   func(ctx context.Context, partition int) (engine.Progress, error)
	health     *health
	log        *slog.Logger
}

// A look begins lookEvery after the last one and gives up after lookTimeout: the next one begins with what it has not asked by then.
const lookEvery, lookTimeout = 3 * time.Second, 10 * time.Second

// run looks until ctx is done. That it cannot look is logged once, until it can.
func (o others) run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	next := 0
	for failing := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var err error
		next, err = o.look(ctx, next)
		if err != nil && !failing && ctx.Err() == nil {
			o.log.Warn("cannot tell whether the partitions of other members of the consumer group are counted", "error", err)
		}
		failing = err != nil
	}
}

// look asks about the partitions from one on, and then about those before it. It returns that with which the next look is to begin.
func (o others) look(ctx context.Context, from int) (next int, err error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	theirs := o.health.ofOthers(o.partitions)
	first, _ := slices.BinarySearch(theirs, from)
	var errs []error
	for i, p := range slices.Concat(theirs[first:], theirs[:first]) {
		err := o.ask(ctx, p)
		if ctx.Err() != nil && i > 0 {
			return p, errors.Join(errs...) // it had less time than the first one
		}
		next = p + 1
		if err != nil {
			errs = append(errs, err)
		}
	}
	return next, errors.Join(errs...)
}

// ask compares the end of a log with what the tables have of it. The end comes first, so that records that are counted meanwhile do
// not seem to wait.
func (o others) ask(ctx context.Context, partition int) error {
	first, end, err := o.bounds(ctx, partition)
	if err != nil {
		return err
	}
	progress, err := o.progress(ctx, partition)
	if err != nil {
		return err
	}
	o.health.other(partition, progress.Offset, max(0, end-max(first, progress.Offset)))
	return nil
}
