package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dwell/cmd/bench/workload"
)

type runCommand struct {
	size
	Small   int           `default:"1000000" help:"Number of records of the small topic, which separates start-up from steady work; 0 leaves it out."`
	Rounds  int           `default:"5" help:"How often each engine runs."`
	Engines []string      `default:"dwell" help:"What is compared, by commas."`
	Built   bool          `help:"The peers are built already."`
	Dwell   string        `default:"bin/dwell" type:"existingfile" help:"The program dwell."`
	Jars    string        `type:"existingdir" required:"" help:"Folder of Apache Kafka's jars, as ingest/kafka/apachetest/fetch.sh prints it."`
	Dir     string        `type:"path" help:"Folder of data and logs, which is kept; a new one that goes when all is well."`
	Timeout time.Duration `default:"1h" help:"How long one run may take."`
}

func (c *runCommand) Run(ctx context.Context) (err error) {
	if c.Small >= c.Events || c.Small < 0 || c.Rounds < 1 {
		return fmt.Errorf("--small %d must be less than --events %d, and --rounds %d positive", c.Small, c.Events, c.Rounds)
	}
	var entered []*entry
	for _, name := range c.Engines {
		e, err := engineNamed(name)
		if err != nil {
			return err
		}
		entered = append(entered, &entry{engine: e})
	}
	if !c.Built {
		if err := build(ctx, entered); err != nil {
			return err
		}
	}
	dir, err := c.folder()
	if err != nil {
		return err
	}
	b, err := startBed(ctx, c.Dwell, c.Jars, dir)
	defer func() {
		err = errors.Join(err, b.end())
		if c.Dir == "" && (err == nil || ctx.Err() != nil) { // keep the folder of a failed run
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err != nil {
		return err
	}
	topics, err := c.loadTopics(ctx, b)
	if err != nil {
		return err
	}
	for round := range c.Rounds {
		for i := range entered { // another one is first each time
			e := entered[(round+i)%len(entered)]
			if e.out == nil {
				e.out = c.turn(ctx, b, e, round+1, topics)
			}
			if ctx.Err() != nil {
				return ctx.Err()
			}
		}
	}
	for _, e := range entered {
		if e.out != nil {
			fmt.Printf("%s %v\n", e.name(), e.out)
			err = errors.Join(err, fmt.Errorf("%s has no figure; its output is in %s", e.name(), dir))
			continue
		}
		report(os.Stdout, e.name(), c.Events, c.Small, e.rounds)
	}
	return err
}

// entry is an engine in the comparison. Out is why it has no figure.
type entry struct {
	engine
	rounds []pair
	out    error
}

// topic is the workload in one topic, and the correct result.
type topic struct {
	name  string
	size  size
	truth []workload.Window
}

func (c *runCommand) folder() (string, error) {
	if c.Dir == "" {
		return os.MkdirTemp("", "dwell-bench-")
	}
	return filepath.Clean(c.Dir), os.MkdirAll(c.Dir, 0o755)
}

// loadTopics loads the small topic, if one is wanted, and the whole one.
func (c *runCommand) loadTopics(ctx context.Context, b *bed) (topics []topic, err error) {
	whole := topic{name: "bench.events", size: c.size}
	small := topic{name: "bench.small", size: c.size}
	small.size.Events = c.Small
	for _, t := range []topic{small, whole} {
		if t.size.Events == 0 {
			continue
		}
		if err := load(ctx, b.broker.addr, t.name, t.size.config()); err != nil {
			return nil, err
		}
		if t.truth, err = workload.Truth(t.size.config()); err != nil {
			return nil, err
		}
		topics = append(topics, t)
		fmt.Fprintf(os.Stderr, "bench: %d events loaded, the correct result has %d windows\n", t.size.Events, len(t.truth))
	}
	return topics, nil
}

// turn runs an engine over each topic.
func (c *runCommand) turn(ctx context.Context, b *bed, e *entry, round int, topics []topic) error {
	var costs []cost
	for i, t := range topics {
		j := &job{id: fmt.Sprintf("run_%d_%d_%s", round, i, identifier(e.name())), topic: t.name, size: t.size}
		limited, cancel := context.WithTimeoutCause(ctx, c.Timeout, fmt.Errorf("it took more than %v", c.Timeout))
		cost, err := measure(limited, b, e.engine, j, t.truth)
		cancel()
		err = errors.Join(err, j.end(err != nil), b.clear(ctx, topics))
		if err != nil {
			fmt.Fprintf(os.Stderr, "bench: round %d, %s, %d events: %v\n", round, e.name(), t.size.Events, err)
			return err
		}
		fmt.Fprintf(os.Stderr, "bench: round %d, %s, %d events: %v\n", round, e.name(), t.size.Events, cost)
		costs = append(costs, cost)
	}
	p := pair{whole: costs[len(costs)-1]}
	if len(costs) > 1 {
		p.small = costs[0]
	}
	e.rounds = append(e.rounds, p)
	return nil
}

// identifier is a name that ClickHouse takes for a database.
func identifier(name string) string {
	b := []byte(name)
	for i, c := range b {
		if c == '-' {
			b[i] = '_'
		}
	}
	return string(b)
}
