package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

// load sends the events of simulated trucks, and writes their truth to a file.
type load struct {
	sim      *simulator.Simulator
	producer *kafka.Producer
	truth    *os.File

	// mu is held while a burst is written, and by faults during which nothing may be sent.
	mu     sync.Mutex
	failed error // to write the truth
	sent   int
	now    int64 // when the latest event reached Kafka, by the simulation
	own    accounts
}

// eventsPerDay is the approximate number of events of a simulated day at the nine Afghan BCPs.
const eventsPerDay = 30_000

func newLoad(broker, truth string, events int, seed uint64) (*load, error) {
	book, err := place.Load("afghanistan")
	if err != nil {
		return nil, err
	}
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{broker}
	l := &load{own: accounts{trucks: map[string]bool{}}}
	if l.producer, err = kafka.NewProducer(cfg); err != nil {
		return nil, err
	}
	if l.truth, err = os.Create(truth); err != nil {
		return nil, err
	}
	lines := json.NewEncoder(l.truth)
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	l.sim, err = simulator.New(simulator.Config{
		Places: book, From: from, Until: from.Add(time.Duration(float64(events) / eventsPerDay * 24 * float64(time.Hour))), Seed: seed,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.005, Cut: 12 * time.Hour, Skew: simulator.MaxSkew},
		Truth:  func(line simulator.TruthLine) { l.failed = errors.Join(l.failed, lines.Encode(line)) },
	})
	return l, err
}

// run sends all events in bursts, in about the given time. Failed writes are retried, so that some events arrive twice.
func (l *load) run(ctx context.Context, events int, d time.Duration, r *rand.Rand) error {
	begin := time.Now()
	for {
		sent, last, err := l.burst(ctx, 1+r.IntN(max(1, events/50)), r)
		if err != nil || last {
			return err
		}
		due := time.Duration(float64(d) * float64(sent) / float64(events))
		if err := pause(ctx, max(0, due-time.Since(begin))); err != nil {
			return err
		}
	}
}

// burst sends the next n events, and returns how many were sent since the beginning, and whether they were the last.
func (l *load) burst(ctx context.Context, n int, r *rand.Rand) (sent int, last bool, err error) {
	defer l.hold()()
	batch, last := l.next(n, r)
	if err := l.write(ctx, batch...); err != nil {
		return 0, false, err
	}
	l.sent += len(batch)
	return l.sent, last, l.failed
}

// hold waits for the burst that is being sent, and keeps the next one back until release is called.
func (l *load) hold() (release func()) {
	l.mu.Lock()
	return l.mu.Unlock
}

// write writes records until all are acknowledged. The load must be held.
func (l *load) write(ctx context.Context, records ...event.Record) error {
	for {
		err := l.producer.Write(ctx, records...)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		fmt.Println("sending records again:", err)
	}
}

// close ends it, with the file of the truth.
func (l *load) close() error {
	l.producer.Close()
	return l.truth.Close()
}

// next returns the records of the next n events, and whether they are the last. One event in two hundred gets a copy with a
// time hours ahead of the record, which has the time of the simulation or of the broker. It must become a dead letter.
func (l *load) next(n int, r *rand.Rand) (batch []event.Record, last bool) {
	for range n {
		em, ok := l.sim.Next()
		if !ok {
			return batch, true
		}
		l.now = em.At
		m := event.NewRecord(l.sim.Vocabulary(), em.Event, em.At)
		batch = append(batch, m)
		if !em.AllPartitions && r.IntN(200) == 0 {
			e := *em.Event
			e.ID = fmt.Appendf(nil, "%s-ahead", e.ID)
			e.Time = max(em.At, time.Now().UnixMilli()) + between(r, time.Hour, 9*time.Hour).Milliseconds()
			e.Recorded = e.Time
			m.Value = event.AppendStructured(nil, l.sim.Vocabulary(), &e)
			batch = append(batch, m)
			l.own.ahead++
		}
	}
	return batch, false
}
