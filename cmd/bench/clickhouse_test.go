package main

import (
	"testing"

	"dwell/cmd/bench/workload"
	"dwell/deploy/embedded/broker/brokertest"
)

// ClickHouse alone reads the topic by its own Kafka tables, which the product's embedded ClickHouse refuses.
func TestClickHousePeerMatchesTheOracle(t *testing.T) {
	t.Chdir("../..") // the builds of peers begin there
	e, err := engineNamed("clickhouse")
	if err != nil {
		t.Fatal(err)
	}
	if err := build(t.Context(), []*entry{{engine: e}}); err != nil {
		t.Fatal(err)
	}
	b := &bed{broker: &broker{addr: brokertest.Start(t)}}
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
	_, err = e.run(t.Context(), b, j)
	if j.own != nil {
		defer func() { _ = j.own.stop() }()
	}
	if err != nil {
		t.Fatal(err)
	}
	got, err := e.result(t.Context(), b, j)
	if err != nil {
		t.Fatal(err)
	}
	if wrong := differences(truth, got, 5); len(wrong) > 0 {
		t.Errorf("%q", wrong)
	}
}
