package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// peer is an engine that is a command. In its arguments {brokers}, {topic}, {result} and {partitions} stand for what the job
// says, {dir} for a folder of its own, {clickhouse} for the URL of a ClickHouse of its own, {database} for a database
// there, and {cache} for the folder of what was built.
type peer struct {
	called string
	// builds are run once in the repository's top folder, one after the other.
	builds [][]string
	// runs processes the topic up to the end that it has, and says "done".
	runs []string
	// engine is the command of a ClickHouse that does the work and has the answer in its table bench_result. The others end in
	// the result topic.
	engine []string
}

func (p peer) name() string { return p.called }

func (p peer) build() [][]string { return p.builds }

func (p peer) run(ctx context.Context, b *bed, j *job) (s spent, err error) {
	if p.engine == nil {
		if err := newTopic(ctx, b.broker.addr, j.resultTopic(), j.Partitions); err != nil {
			return s, err
		}
		return p.command(ctx, b, j)
	}
	cache, err := cacheFolder()
	if err != nil {
		return s, err
	}
	if j.own, err = startClickHouse(ctx, filepath.Join(j.dir, "clickhouse"), fill(p.engine, "{cache}", cache)...); err != nil {
		return s, err
	}
	if s, err = p.command(ctx, b, j); err != nil {
		return s, err
	}
	if err := j.own.awaitMerges(ctx); err != nil {
		return s, err
	}
	cpu, err := cpuOf(j.own.cmd.Process.Pid)
	s.cpu += cpu
	s.peak += j.own.peak()
	return s, err
}

// command runs the peer's command to its end.
func (p peer) command(ctx context.Context, b *bed, j *job) (s spent, err error) {
	cache, err := cacheFolder()
	if err != nil {
		return s, err
	}
	values := []string{
		"{brokers}", b.broker.addr, "{topic}", j.topic, "{result}", j.resultTopic(), "{partitions}", fmt.Sprint(j.Partitions),
		"{dir}", j.dir, "{database}", j.id, "{cache}", cache,
	}
	if j.own != nil {
		values = append(values, "{clickhouse}", j.own.url())
	}
	log := filepath.Join(j.dir, p.called+".log")
	process, err := startProcess(p.called, log, nil, fill(p.runs, values...)...)
	if err != nil {
		return s, err
	}
	select {
	case <-process.ended:
	case <-ctx.Done():
		return s, errors.Join(fmt.Errorf("%s: %w\n%s", p.called, context.Cause(ctx), tail(log)), process.stop())
	}
	if !process.cmd.ProcessState.Success() {
		return s, fmt.Errorf("%s: %v\n%s", p.called, process.cmd.ProcessState, tail(log))
	}
	text, err := os.ReadFile(log)
	if err == nil && !bytes.Contains(text, []byte("done ")) {
		err = fmt.Errorf("%s did not say that it was done\n%s", p.called, tail(log))
	}
	return spent{process.used(), process.peak()}, err
}

func (p peer) result(ctx context.Context, b *bed, j *job) (result, error) {
	if p.engine != nil {
		return resultFromTable(ctx, j.own.url(), j.id)
	}
	return resultFromTopic(ctx, b.broker.addr, j.resultTopic())
}
