package main

import (
	"os/exec"
	"path/filepath"
	"testing"

	"dwell/cmd/bench/workload"
	"dwell/deploy/embedded/broker/brokertest"
	"dwell/deploy/embedded/clickhouse/clickhousetest"
)

// The program itself reads twenty thousand records, some late, some doubled, some from the future, and its windows are the
// oracle's.
func TestDwellMatchesTheOracle(t *testing.T) {
	exe := filepath.Join(t.TempDir(), "dwell")
	if out, err := exec.Command("go", "-C", "../..", "build", "-o", exe, "./cmd/dwell").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	engine := clickhousetest.Open(t, t.TempDir())
	b := &bed{
		dwell: exe, broker: &broker{addr: brokertest.Start(t)},
		clickhouse: &clickhouse{addr: engine.Addr, password: engine.Password},
	}
	cfg := workload.Default()
	cfg.Events = 20_000
	if err := load(t.Context(), b.broker.addr, "bench.events", cfg); err != nil {
		t.Fatal(err)
	}
	truth, err := workload.Truth(cfg)
	if err != nil {
		t.Fatal(err)
	}
	j := &job{
		id: "bench_test", topic: "bench.events", dir: t.TempDir(),
		size: size{Events: cfg.Events, BCPs: cfg.BCPs, Trucks: cfg.Trucks, Partitions: cfg.Partitions, Seed: cfg.Seed},
	}
	s, err := dwell{processes: 1}.run(t.Context(), b, j)
	if err != nil {
		t.Fatal(err)
	}
	if s.cpu <= 0 || s.peak <= 0 {
		t.Errorf("it took %v and %d bytes", s.cpu, s.peak)
	}
	got, err := dwell{}.result(t.Context(), b, j)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := differences(truth, got, 5); len(wrong) > 0 {
		t.Errorf("%q", wrong)
	}
	if err := b.clear(t.Context(), []topic{{name: "bench.events"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := (dwell{}).result(t.Context(), b, j); err == nil {
		t.Error("the next engine finds this one's tables")
	}
	if _, err := endOffsets(t.Context(), b.broker.addr, "bench.dead.bench_test"); err == nil {
		t.Error("the next engine finds this one's topics")
	}
	if ends, err := endOffsets(t.Context(), b.broker.addr, "bench.events"); err != nil || len(ends) != cfg.Partitions {
		t.Errorf("the next engine finds %v, %v to read", ends, err)
	}
}
