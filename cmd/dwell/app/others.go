package app

import (
	"context"
	"errors"
	"log/slog"
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

// A look begins lookEvery after the last one and gives up after lookTimeout: what it has not asked by then is as it was.
const lookEvery, lookTimeout = 3 * time.Second, 10 * time.Second

// run looks until ctx is done. That it cannot look is logged once, until it can.
func (o others) run(ctx context.Context) error {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for failing := false; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		err := o.look(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			o.log.Warn("cannot tell whether the partitions of other members of the consumer group are counted", "error", err)
		}
		failing = err != nil
	}
}

// look compares the end of each log with what the tables have of it. The end comes first, so that records that are counted meanwhile do
// not seem to wait.
func (o others) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	var errs []error
	for _, p := range o.health.ofOthers(o.partitions) {
		first, end, err := o.bounds(ctx, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		progress, err := o.progress(ctx, p)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		o.health.other(p, progress.Offset, max(0, end-max(first, progress.Offset)))
	}
	return errors.Join(errs...)
}
