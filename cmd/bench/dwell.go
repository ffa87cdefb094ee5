package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"dwell/cmd/bench/workload"
)

// dwell is the program as it is shipped, `dwell serve`, with its page, its API and its metrics, over the broker and the
// ClickHouse of the bed: one process, or several that share the partitions. It is done when its table of progress has every
// shard at the end of its partition.
type dwell struct{ processes int }

func (d dwell) name() string {
	if d.processes == 1 {
		return "dwell"
	}
	return fmt.Sprintf("dwell-%d", d.processes)
}

func (dwell) build() [][]string { return nil } // make build has

func (d dwell) run(ctx context.Context, b *bed, j *job) (s spent, err error) {
	ends, err := endOffsets(ctx, b.broker.addr, j.topic)
	if err != nil {
		return s, err
	}
	places, config := filepath.Join(j.dir, "places.yaml"), filepath.Join(j.dir, "dwell.yaml")
	if err := os.WriteFile(places, workload.Places(j.config()), 0o644); err != nil {
		return s, err
	}
	if err := os.WriteFile(config, dwellConfig(b, j, places, "127.0.0.1:0"), 0o644); err != nil {
		return s, err
	}
	var all []*process
	for i := range d.processes {
		p, err := startProcess("dwell", filepath.Join(j.dir, fmt.Sprintf("dwell%d.log", i)), nil, b.dwell, "serve", "--config", config)
		if err != nil {
			return s, errors.Join(err, stopAll(all))
		}
		all = append(all, p)
	}
	err = all[0].waitUntil(ctx, "all events are counted", 500*time.Millisecond, func() (bool, error) {
		for _, p := range all[1:] {
			select {
			case <-p.ended:
				return false, fmt.Errorf("one of %d processes has ended, %v:\n%s", d.processes, p.cmd.ProcessState, tail(p.log))
			default:
			}
		}
		return caughtUp(ctx, b, j, ends)
	})
	if err = errors.Join(err, stopAll(all)); err != nil {
		return s, err
	}
	for _, p := range all {
		s.cpu += p.used()
		s.peak += p.peak()
	}
	return s, nil
}

// stopAll stops processes concurrently, so that none takes over the partitions of another.
func stopAll(all []*process) error {
	errs := make([]error, len(all))
	var stopping sync.WaitGroup
	for i, p := range all {
		stopping.Go(func() { errs[i] = p.stop() })
	}
	stopping.Wait()
	return errors.Join(errs...)
}

// dwellConfig says where everything is; all else is dwell's default.
func dwellConfig(b *bed, j *job, places, listen string) []byte {
	return fmt.Appendf(nil, `listen: %s
places: %s
kafka:
  brokers: [%q]
  topic: %s
  dead_letter_topic: bench.dead.%s
  group: %s
  new_replication: 1
clickhouse:
  addresses: [%q]
  password: %q
  database: %s
`, listen, places, b.broker.addr, j.topic, j.id, j.id, b.clickhouse.addr, b.clickhouse.password, j.id)
}

// caughtUp reports whether all before these offsets is in the tables. Until dwell has made them, there are none.
func caughtUp(ctx context.Context, b *bed, j *job, ends map[int32]int64) (bool, error) {
	left := map[int32]int64{}
	for p, end := range ends {
		if end > 0 {
			left[p] = end
		}
	}
	err := query(ctx, b.clickhouse.url(), "SELECT shard, offset FROM "+j.id+".progress FINAL"+format, func(rows *json.Decoder) error {
		var shard int32
		var offset int64
		if err := rows.Decode(&[]any{&shard, &offset}); err != nil {
			return err
		}
		if offset >= left[shard] {
			delete(left, shard)
		}
		return nil
	})
	var refused *refusedError
	if errors.As(err, &refused) && refused.status == http.StatusNotFound {
		return false, nil
	}
	return err == nil && len(left) == 0, err
}

func (dwell) result(ctx context.Context, b *bed, j *job) (result, error) {
	return resultFromVisits(ctx, b.clickhouse.url(), j.id)
}
