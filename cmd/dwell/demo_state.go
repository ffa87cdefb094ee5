package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/simulator"
)

// demoState is what a data folder remembers of its demo. The simulator is deterministic: what it has sent is found
// again by playing it from the start.
type demoState struct {
	Seed uint64    `json:"seed"`
	From time.Time `json:"from"`
	// Sent is how many events Kafka has, and Last when the last of them was sent.
	Sent int64     `json:"sent"`
	Last time.Time `json:"last"`

	file string
}

// demoFile is where a data folder has the state of its demo.
func demoFile(data string) string { return filepath.Join(data, "demo.json") }

// readDemo is the state of the demo in a data folder, or that of a new one.
func readDemo(data string, seed uint64, days int) (*demoState, error) {
	st := &demoState{Seed: seed, From: time.Now().AddDate(0, 0, -days).UTC().Truncate(time.Hour), file: demoFile(data)}
	text, err := os.ReadFile(st.file)
	if errors.Is(err, fs.ErrNotExist) {
		return st, nil
	}
	if err != nil {
		return nil, fmt.Errorf("data: %w", err)
	}
	if err := json.Unmarshal(text, st); err != nil {
		return nil, fmt.Errorf("data: %s: %w", st.file, err)
	}
	return st, nil
}

// simulation is the simulator behind the events that have been sent.
func (st *demoState) simulation(s *app.System) (*simulator.Simulator, error) {
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: st.From, Seed: st.Seed, Faults: simulator.Faults{Late: 0.05, Duplicate: 0.01, Retract: 0.002},
	})
	if err != nil {
		return nil, err
	}
	for range st.Sent {
		if _, ok := sim.Next(); !ok {
			return nil, errors.New("the data folder holds more than the simulator plays")
		}
	}
	return sim, nil
}

func (st *demoState) write() error {
	text, err := json.Marshal(st)
	if err != nil {
		return err
	}
	next := st.file + ".next"
	if err := os.WriteFile(next, text, 0o600); err != nil {
		return err
	}
	return os.Rename(next, st.file)
}

// demoFeed remembers what has been written.
type demoFeed struct {
	to    *demoWays
	state *demoState
	added int64 // records since the state was written
	last  int64 // when the last of them happened
}

// demoBatch is how many records are written before the state is.
const demoBatch = 10_000

func (f *demoFeed) Add(ctx context.Context, r event.Record) error {
	if f.added >= demoBatch {
		if err := f.Flush(ctx); err != nil {
			return err
		}
	}
	f.added, f.last = f.added+1, r.Time
	return f.to.Add(ctx, r)
}

func (f *demoFeed) Flush(ctx context.Context) error {
	if f.added == 0 {
		return nil
	}
	if err := f.to.Flush(ctx); err != nil {
		return err
	}
	f.state.Sent += f.added
	f.state.Last = time.UnixMilli(f.last).UTC()
	f.added = 0
	return f.state.write()
}
