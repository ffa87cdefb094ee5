package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"dwell/dashboards/overview"
	"dwell/ingest/simulator"
)

type demoCommand struct {
	For    time.Duration `help:"Stop this long after the history has been told, and print a summary."`
	Data   string        `default:"data/demo" type:"path" help:"Folder of the demo; starting again goes on from it."`
	Listen string        `default:"127.0.0.1:8080" help:"Address of the page."`
	Seed   uint64        `default:"1" help:"What chance does. A data folder keeps the seed that it was begun with."`
	Speed  float64       `default:"60" help:"How much faster than life time goes: 60 is an hour a minute."`
	Places string        `default:"afghanistan" help:"Places file, or the name of one that is part of the program."`
}

// history is how far back a new demo begins, so that there is something to see.
const history = 3 * 24 * time.Hour

func (c *demoCommand) Run(ctx context.Context, e *env) error {
	if c.Speed <= 0 {
		return fmt.Errorf("--speed: %v is not positive", c.Speed)
	}
	cfg := defaultConfig()
	cfg.embed(c.Data)
	cfg.Listen, cfg.Places = c.Listen, c.Places
	if err := cfg.validate(); err != nil {
		return err
	}
	log := slog.New(slog.NewTextHandler(e.err, &slog.HandlerOptions{Level: slog.LevelWarn}))
	st, err := readDemo(c.Data, c.Seed)
	if err != nil {
		return err
	}
	now := time.Now()
	clock := &demoClock{begun: now, simulated: now, speed: c.Speed}
	if st.Last.After(now) { // it ran ahead of life before
		clock.simulated = st.Last
	}
	collectGarbage(e.environ)
	s, err := startServing(ctx, cfg, e, log, clock.now)
	if err != nil {
		return unlessStopped(ctx, err)
	}
	told, tell := once()
	played, err := s.startPlay(ctx, st, clock, tell)
	if err != nil {
		return errors.Join(err, s.stop())
	}
	if err := s.ready(ctx, "history", told); err != nil && ctx.Err() == nil {
		return errors.Join(err, s.stop())
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	err = s.wait(ctx)
	if c.For > 0 && err == nil {
		played.cancel()
		<-played.done
		err = s.summary(context.WithoutCancel(ctx), e)
	}
	return errors.Join(err, s.stop())
}

// demoClock is the time at the demo's border.
type demoClock struct {
	begun, simulated time.Time
	speed            float64
}

func (c *demoClock) now() time.Time {
	return c.simulated.Add(time.Duration(float64(time.Since(c.begun)) * c.speed))
}

// demoState is what a data folder remembers of its demo. The simulator is deterministic: what it has sent is found
// again by playing it from the start.
type demoState struct {
	Seed uint64    `json:"seed"`
	From time.Time `json:"from"`
	// Sent is how many events Kafka has, and Last when the last of them was sent.
	Sent int64     `json:"sent"`
	Last time.Time `json:"last"`
}

// readDemo is the state of the demo in a data folder, or that of a new one.
func readDemo(data string, seed uint64) (demoState, error) {
	st := demoState{Seed: seed, From: time.Now().Add(-history).UTC().Truncate(time.Hour)}
	text, err := os.ReadFile(demoFile(data))
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &st)
	}
	if err != nil {
		return st, fmt.Errorf("data: %w", err)
	}
	return st, nil
}

func demoFile(data string) string { return filepath.Join(data, "demo.json") }

func (s *system) remember(st demoState) error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	file := demoFile(s.cfg.Data)
	next := file + ".next"
	if err := os.WriteFile(next, text, 0o644); err != nil {
		return err
	}
	return os.Rename(next, file)
}

// startPlay lets the simulator play into Kafka: what has not been sent up to now at once, which it tells, and the rest as
// time goes.
func (s *system) startPlay(ctx context.Context, st demoState, clock *demoClock, told func()) (*part, error) {
	sim, err := simulator.New(simulator.Config{
		Places: s.book, From: st.From, Seed: st.Seed, Faults: simulator.Faults{Late: 0.05, Duplicate: 0.01, Retract: 0.002},
	})
	if err != nil {
		return nil, err
	}
	return s.start(ctx, "simulator", func(ctx context.Context) error { return s.play(ctx, sim, st, clock, told) }), nil
}

func (s *system) play(ctx context.Context, sim *simulator.Simulator, st demoState, clock *demoClock, told func()) error {
	f := feed{producer: s.producer}
	for skip := st.Sent; skip > 0; skip-- {
		if _, ok := sim.Next(); !ok {
			return errors.New("the data folder holds more than the simulator plays")
		}
	}
	sent := func() error {
		if len(f.batch) == 0 {
			return nil
		}
		n, last := len(f.batch), f.batch[len(f.batch)-1].Time
		if err := f.flush(ctx); err != nil {
			return err
		}
		st.Sent += int64(n)
		st.Last = time.UnixMilli(last).UTC()
		return s.remember(st)
	}
	for {
		em, ok := sim.Next()
		if !ok {
			return errors.New("the simulation came to an end")
		}
		if ahead := time.UnixMilli(em.At).Sub(clock.now()); ahead > 0 {
			if err := sent(); err != nil {
				return err
			}
			told()
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-time.After(time.Duration(float64(ahead) / clock.speed)):
			}
		}
		f.batch = append(f.batch, messageOf(sim.Vocabulary(), em.Event, em.At))
		if len(f.batch) >= feedBatch {
			if err := sent(); err != nil {
				return err
			}
		}
	}
}

// summary prints what the page shows, once all that was sent has been counted.
func (s *system) summary(ctx context.Context, e *env) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	if err := s.caughtUp(ctx, func(int64) {}); err != nil {
		return err
	}
	b, err := s.source.Board(ctx)
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(e.out, "\n%-22s %9s %9s %11s %16s %16s\n", "BCP", "arrivals", "releases", "inside now", "median release", "p90 release")
	for i := range b.BCPs {
		_, _ = fmt.Fprintln(e.out, summaryLine(&b.BCPs[i]))
	}
	return nil
}

func summaryLine(b *overview.BCP) string {
	count := func(n *int64) string {
		if n == nil {
			return "unknown"
		}
		return fmt.Sprint(*n)
	}
	hours := func(seconds *float64) string {
		if seconds == nil {
			return "unknown"
		}
		return fmt.Sprintf("%.1f h", *seconds/3600)
	}
	return fmt.Sprintf("%-22s %9s %9s %11s %16s %16s", b.ID,
		count(b.Flow.Arrivals), count(b.Flow.Releases), count(b.Inside.Trucks), hours(b.ReleaseTime.P50Seconds), hours(b.ReleaseTime.P90Seconds))
}
