package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"dwell/cmd/bench/workload"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
)

type latencyCommand struct {
	Rate       int           `default:"50000" help:"Events a second."`
	Warmup     time.Duration `default:"15s" help:"How long it goes before anything is measured."`
	For        time.Duration `name:"for" default:"45s" help:"How long is measured."`
	BCPs       int           `name:"bcps" default:"200" help:"Number of border crossing points."`
	Trucks     int           `default:"500000" help:"Number of trucks."`
	Partitions int           `default:"8" help:"Partitions of the topic."`
	Dwell      string        `default:"bin/dwell" type:"existingfile" help:"The program dwell."`
	Jars       string        `type:"existingdir" required:"" help:"Folder of Apache Kafka's jars, as ingest/kafka/apachetest/fetch.sh prints it."`
}

// probeEvery is how often a probe arrives, at one partition after the other.
const probeEvery = 25 * time.Millisecond

func (c *latencyCommand) Run(ctx context.Context) (err error) {
	if c.Rate < 1000 {
		return fmt.Errorf("--rate %d is less than 1000", c.Rate)
	}
	dir, err := os.MkdirTemp("", "dwell-bench-")
	if err != nil {
		return err
	}
	b, err := startBed(ctx, c.Dwell, c.Jars, dir)
	defer func() {
		err = errors.Join(err, b.end())
		if err == nil || ctx.Err() != nil { // keep the folder of a failed run
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	if err != nil {
		return err
	}
	const topic = "bench.live"
	if err := newTopic(ctx, b.broker.addr, topic, c.Partitions); err != nil {
		return err
	}
	world := c.world(time.Now())
	probes, err := workload.NewProbes(world)
	if err != nil {
		return err
	}
	j := &job{id: "live", topic: topic, size: size{Partitions: c.Partitions}, dir: dir}
	watched, page, err := c.start(ctx, b, j, probes)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, watched.stop()) }()

	seen := newSightings(probes, c.Partitions)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	end := time.Now().Add(c.Warmup + c.For)
	var all tasks
	all.run(cancel, func() error { return seen.live(ctx, "ws://"+page+"/live") })
	all.run(cancel, func() error { return seen.stored(ctx, b.clickhouse.url(), j.id) })
	load := &steadyLoad{rate: c.Rate, broker: b.broker.addr, topic: topic}
	all.run(cancel, func() error {
		if err := load.run(ctx, world, probes, seen, end); err != nil {
			return err
		}
		err := watched.waitUntil(ctx, "all probes are seen", 100*time.Millisecond, func() (bool, error) { return seen.all(), nil })
		return cmp.Or(err, errDone)
	})
	all.Wait()
	if err := context.Cause(ctx); !errors.Is(err, errDone) {
		return err
	}
	fmt.Printf("rate %.0f events/s (asked for: %d)\n", load.reached(), c.Rate)
	return seen.report(os.Stdout, end.Add(-c.For))
}

var errDone = errors.New("done")

// world is a workload whose last day passes while it is measured, so that all of it is in the overview.
func (c *latencyCommand) world(now time.Time) workload.Config {
	events := c.Rate * int((c.Warmup+c.For)/time.Second)
	const eventsPerVisit = 5
	return workload.Config{
		Seed: 1, Events: 4 * events, BCPs: c.BCPs, Trucks: c.Trucks, Partitions: c.Partitions,
		// A day's visits have a part of their events after it.
		Begin: now.Add(-24 * time.Hour), VisitsPerDay: 1 + events*3/2/eventsPerVisit/c.BCPs,
	}
}

// start starts dwell serve and returns with the address of its page when it reads all partitions.
func (c *latencyCommand) start(ctx context.Context, b *bed, j *job, probes *workload.Probes) (*process, string, error) {
	addrs, err := freePorts(1)
	if err != nil {
		return nil, "", err
	}
	places, config := filepath.Join(j.dir, "places.yaml"), filepath.Join(j.dir, "dwell.yaml")
	err = errors.Join(os.WriteFile(places, probes.Places(), 0o644), os.WriteFile(config, dwellConfig(b, j, places, addrs[0]), 0o644))
	if err != nil {
		return nil, "", err
	}
	p, err := startProcess("dwell", filepath.Join(j.dir, "dwell.log"), nil, b.dwell, "serve", "--config", config)
	if err != nil {
		return nil, "", err
	}
	err = p.waitUntil(ctx, "it is ready", 100*time.Millisecond, func() (bool, error) {
		res, err := http.Get("http://" + addrs[0] + "/readyz")
		if err != nil {
			return false, nil // it has not opened its port
		}
		return res.StatusCode == http.StatusOK, res.Body.Close()
	})
	if err != nil {
		return nil, "", errors.Join(err, p.stop())
	}
	return p, addrs[0], nil
}

// steadyLoad writes so many events a second.
type steadyLoad struct {
	rate          int
	broker, topic string
	written       int
	took          time.Duration
}

func (l *steadyLoad) reached() float64 { return float64(l.written) / l.took.Seconds() }

// run writes the world, and a probe now and then, until the end.
func (l *steadyLoad) run(ctx context.Context, world workload.Config, probes *workload.Probes, seen *sightings, end time.Time) error {
	records, err := workload.New(world)
	if err != nil {
		return err
	}
	cfg := kafka.DefaultConfig()
	cfg.Brokers, cfg.Topic, cfg.ClientID = []string{l.broker}, l.topic, "bench"
	producer, err := kafka.NewProducer(cfg)
	if err != nil {
		return err
	}
	defer producer.Close()
	begin := time.Now()
	tick := time.NewTicker(probeEvery)
	defer tick.Stop()
	for to := 0; ; to = (to + 1) % world.Partitions {
		var now time.Time
		select {
		case <-ctx.Done():
			return ctx.Err()
		case now = <-tick.C:
		}
		l.took = now.Sub(begin)
		if now.After(end) {
			return nil
		}
		due := min(int(l.took.Seconds()*float64(l.rate))-l.written, l.rate) // what is more than a second late is left out
		batch := make([]event.Record, 0, due+1)
		var at int64
		for range due {
			r, ok := records.Next()
			if !ok {
				return fmt.Errorf("the workload of %d events has ended", world.Events)
			}
			batch, at = append(batch, recordOf(r)), r.Time
		}
		if at == 0 {
			continue
		}
		probe, n := probes.Next(to, at)
		seen.made(to, n, time.Now())
		if err := producer.Write(ctx, append(batch, recordOf(probe))...); err != nil {
			return fmt.Errorf("topic %q: %w", l.topic, err)
		}
		l.written += due
	}
}
