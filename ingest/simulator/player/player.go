// Package player plays a simulation in step with a clock.
//
// It promises the sink each record in the simulator's order, none before its time by the clock, and a flush before each
// pause, so that no record waits for a later one. It refuses nothing itself: an error of the sink ends the play.
package player

import (
	"context"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/simulator"
)

// Sink takes what is played. It may keep the records.
type Sink interface {
	Add(ctx context.Context, r event.Record) error
	Flush(ctx context.Context) error
}

// Simulation returns the next emission; false ends the play.
type Simulation interface {
	Next() (simulator.Emission, bool)
	Vocabulary() *event.Vocabulary
}

// Play sends emissions to the sink until the simulation ends, ctx is done or the sink fails. Without a clock it does not
// wait. Ahead, if not nil, is called once: when all emissions before the clock's time have been flushed.
func Play(ctx context.Context, sim Simulation, clock *Clock, sink Sink, ahead func()) error {
	for e, ok := sim.Next(); ok; e, ok = sim.Next() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if clock != nil {
			clock.start(e.At)
			if left := clock.until(e.At); left > 0 {
				if err := sink.Flush(ctx); err != nil {
					return err
				}
				if ahead != nil {
					ahead()
					ahead = nil
				}
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(left):
				}
			}
		}
		if err := sink.Add(ctx, event.NewRecord(sim.Vocabulary(), e.Event, e.At)); err != nil {
			return err
		}
	}
	return sink.Flush(ctx)
}
