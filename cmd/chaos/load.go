package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

// load is the simulated trucks and their truth.
type load struct {
	sim      *simulator.Simulator
	producer *kafka.Producer
	truth    *os.File
	failed   error // of the truth
	sent     int
	ahead    int // of those sent, from a sender whose clock is ahead
}

// perDay is about how many events a simulated day at the nine Afghan BCPs has.
const perDay = 30_000

func newLoad(broker, truth string, events int, seed uint64) (*load, error) {
	book, err := place.Load("afghanistan")
	if err != nil {
		return nil, err
	}
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{broker}
	l := &load{}
	if l.producer, err = kafka.NewProducer(cfg); err != nil {
		return nil, err
	}
	if l.truth, err = os.Create(truth); err != nil {
		return nil, err
	}
	lines := json.NewEncoder(l.truth)
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	l.sim, err = simulator.New(simulator.Config{
		Places: book, From: from, Until: from.Add(time.Duration(float64(events) / perDay * 24 * float64(time.Hour))), Seed: seed,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.005, Cut: 12 * time.Hour, Skew: simulator.MaxSkew},
		Truth:  func(line simulator.TruthLine) { l.failed = errors.Join(l.failed, lines.Encode(line)) },
	})
	return l, err
}

// run sends all events in bursts, in about the given time. Failed writes are retried, so that some events arrive twice.
func (l *load) run(ctx context.Context, events int, d time.Duration, r *rand.Rand) error {
	begin := time.Now()
	for {
		burst := 1 + r.IntN(max(1, events/50))
		batch, over := l.next(burst, r)
		for {
			err := l.producer.Write(ctx, batch...)
			if err == nil {
				break
			}
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			fmt.Println("a burst is sent again:", err)
		}
		l.sent += len(batch)
		if over {
			l.producer.Close()
			return errors.Join(l.failed, l.truth.Close())
		}
		due := time.Duration(float64(d) * float64(l.sent) / float64(events))
		if err := pause(ctx, max(0, due-time.Since(begin))); err != nil {
			return err
		}
	}
}

// next are the next n messages, and whether they are the last. One in two hundred is also sent with a clock hours ahead,
// which must be refused.
func (l *load) next(n int, r *rand.Rand) (batch []event.Record, over bool) {
	for range n {
		em, ok := l.sim.Next()
		if !ok {
			return batch, true
		}
		m := event.NewRecord(l.sim.Vocabulary(), em.Event, em.At)
		batch = append(batch, m)
		if !em.AllPartitions && r.IntN(200) == 0 {
			e := *em.Event
			e.ID = fmt.Appendf(nil, "%s-ahead", e.ID)
			e.Time = em.At + between(r, time.Hour, 9*time.Hour).Milliseconds()
			e.Recorded = e.Time
			m.Value = event.AppendStructured(nil, l.sim.Vocabulary(), &e)
			batch = append(batch, m)
			l.ahead++
		}
	}
	return batch, false
}
