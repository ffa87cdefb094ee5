package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"dwell/cmd/bench/workload"
)

// cost is what one run took: CPU time, but for wall.
type cost struct {
	spent                  // of the engine
	broker, database, wall time.Duration
}

func (c cost) String() string {
	return fmt.Sprintf("%.2f cpu-s, %.1f s, %d MiB; broker %.2f cpu-s, database %.2f cpu-s",
		c.cpu.Seconds(), c.wall.Seconds(), c.peak>>20, c.broker.Seconds(), c.database.Seconds())
}

// measure runs an engine over a topic, and compares its answer with the truth.
func measure(ctx context.Context, b *bed, e engine, j *job, truth []workload.Window) (c cost, err error) {
	j.dir = filepath.Join(b.dir, j.id)
	if err := os.MkdirAll(j.dir, 0o755); err != nil {
		return c, err
	}
	broker, err := cpuOf(b.broker.cmd.Process.Pid)
	if err != nil {
		return c, err
	}
	database, err := cpuOf(b.clickhouse.cmd.Process.Pid)
	if err != nil {
		return c, err
	}
	begin := time.Now()
	c.spent, err = e.run(ctx, b, j)
	if err != nil {
		return c, err
	}
	c.wall = time.Since(begin)
	if c.broker, err = cpuOf(b.broker.cmd.Process.Pid); err != nil {
		return c, err
	}
	c.broker -= broker
	if err := b.clickhouse.awaitMerges(ctx); err != nil {
		return c, err
	}
	if c.database, err = cpuOf(b.clickhouse.cmd.Process.Pid); err != nil {
		return c, err
	}
	c.database -= database
	got, err := e.result(ctx, b, j)
	if err != nil {
		return c, err
	}
	if wrong := differences(truth, got, 1); len(wrong) > 0 {
		return c, fmt.Errorf("disqualified: %s", wrong[0])
	}
	return c, nil
}
