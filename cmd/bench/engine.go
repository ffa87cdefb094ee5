package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
)

// engine is a stream processor of the comparison.
type engine interface {
	name() string
	// build are the commands that make it ready to be started.
	build() [][]string
	// run reads all of the job's topic, and returns when its results are durable.
	run(ctx context.Context, b *bed, j *job) (spent, error)
	// result returns its results.
	result(ctx context.Context, b *bed, j *job) (result, error)
}

// job is one run of an engine over a topic. Its id is in the names of everything that is written.
type job struct {
	size
	id, topic string
	dir       string // of its own
	// own is a ClickHouse of its own, for an engine that is one. It ends with the job.
	own *clickhouse
}

func (j *job) resultTopic() string { return "bench.result." + j.id }

// end ends what is the job's own, and keeps its folder or removes it.
func (j *job) end(keep bool) (err error) {
	if j.own != nil {
		err = j.own.stop()
	}
	if keep {
		return err
	}
	return errors.Join(err, os.RemoveAll(j.dir))
}

// spent is what an engine took, without the broker and a database that it only writes to.
type spent struct {
	cpu  time.Duration
	peak int64 // bytes
}

// engineNamed finds an engine.
func engineNamed(name string) (engine, error) {
	var known []string
	for _, e := range engines {
		if e.name() == name {
			return e, nil
		}
		known = append(known, e.name())
	}
	return nil, fmt.Errorf("engine %q is not supported; use one of %s", name, strings.Join(known, ", "))
}
