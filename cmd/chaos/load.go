package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/ingest/simulator"
)

// load sends the events of simulated trucks, and writes their truth to a file. Most BCPs write them as dwell does, two by all kinds of
// partitioners, and two to topics of their own.
type load struct {
	sim        *simulator.Simulator
	producer   *kafka.Producer
	writer     *kafkago.Writer
	strays     []event.BCP
	gate, book event.BCP
	page       page
	truth      *os.File

	// mu is held while a burst is written, and by faults during which nothing may be sent.
	mu     sync.Mutex
	failed error // to write the truth
	sent   int
	now    int64 // when the latest event reached Kafka, by the simulation
	own    accounts
}

// eventsPerDay is the approximate number of events of a simulated day at the nine Afghan BCPs.
const eventsPerDay = 30_000

func newLoad(ctx context.Context, broker, truth string, events int, seed uint64) (*load, error) {
	book, err := place.Load("afghanistan")
	if err != nil {
		return nil, err
	}
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{broker}
	l := &load{own: accounts{trucks: map[string]bool{}}, writer: newWriter(broker), page: page{zone: book.Place("AF-BAL-HAIRATAN").Zone}}
	if err := createAgencyTopics(ctx, broker); err != nil {
		return nil, err
	}
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
	if err != nil {
		return nil, err
	}
	bcp := func(id string) event.BCP {
		code, _ := l.sim.Vocabulary().BCP([]byte(id))
		return code
	}
	l.strays, l.gate, l.book = []event.BCP{bcp("AF-NAN-TORKHAM"), bcp("AF-KDZ-SHERKHANBANDAR")}, bcp("AF-HER-ISLAMQALA"), bcp("AF-BAL-HAIRATAN")
	return l, nil
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
	if err := l.write(ctx, batch.records...); err != nil {
		return 0, false, err
	}
	if err := l.send(ctx, batch.messages...); err != nil {
		return 0, false, err
	}
	l.sent += batch.events
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
	return errors.Join(l.writer.Close(), l.truth.Close())
}

// outgoing is what is sent at once: records as dwell writes them, and messages of other software.
type outgoing struct {
	records  []event.Record
	messages []kafkago.Message
	events   int
}

// next returns the next n events, and whether they are the last. One event in two hundred gets a copy with a
// time hours ahead of the record, which has the time of the simulation or of the broker. It must become a dead letter.
func (l *load) next(n int, r *rand.Rand) (b outgoing, last bool) {
	for range n {
		em, ok := l.sim.Next()
		if !ok {
			last = true
			break
		}
		l.now = em.At
		l.add(&b, em.Event, r)
		if !em.AllPartitions && r.IntN(200) == 0 {
			e := *em.Event
			e.ID = fmt.Appendf(nil, "%s-ahead", e.ID)
			e.Time = max(em.At, time.Now().UnixMilli()) + between(r, time.Hour, 9*time.Hour).Milliseconds()
			e.Recorded = e.Time
			l.own.ahead++
			l.addAhead(&b, &e, r)
		}
	}
	b.messages = append(b.messages, l.page.take()...)
	return b, last
}

// add takes an event by the way of its BCP.
func (l *load) add(b *outgoing, e *event.Event, r *rand.Rand) {
	b.events++
	switch {
	case e.BCP == l.gate && mapped(e):
		b.messages = append(b.messages, l.gateMessages(e, r)...)
	case e.BCP == l.book && mapped(e):
		if l.page.n > 0 && r.IntN(10) == 0 {
			b.messages = append(b.messages, l.page.take()...)
		}
		l.page.add(l.sim.Vocabulary(), e)
	default:
		record := event.NewRecord(l.sim.Vocabulary(), e, l.now)
		if slices.Contains(l.strays, e.BCP) {
			b.messages = append(b.messages, stray(&record, r))
		} else {
			b.records = append(b.records, record)
		}
	}
}

// addAhead takes an event that must become a dead letter. It ends a page of the book, since that is one dead letter, however many of its lines
// are refused.
func (l *load) addAhead(b *outgoing, e *event.Event, r *rand.Rand) {
	l.add(b, e, r)
	if e.BCP == l.book && mapped(e) {
		b.messages = append(b.messages, l.page.take()...)
	}
}
