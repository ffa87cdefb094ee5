package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
	"dwell/deploy/embedded/broker"
	"dwell/ingest/event"
	"dwell/ingest/imports"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
	"dwell/ingest/source"
)

// asBroker is a broker in a process of its own, whose work is not counted as dwell's. It says its address and serves
// until it is killed.
func asBroker(dir string) int {
	ctx := context.Background()
	b, err := broker.New(broker.Config{DataDir: dir}, slog.New(slog.DiscardHandler))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	go func() {
		if addr, err := b.Addr(ctx); err == nil {
			_ = os.WriteFile(filepath.Join(dir, "address"), []byte(addr), 0o644)
		}
	}()
	if err := b.Run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// BenchmarkPipeline is the whole way: three simulated weeks in the broker's log, until their rows are committed in
// ClickHouse. What is counted is the CPU time of this process; broker and ClickHouse are processes of their own. The
// first way is not counted: a process that has just filled the broker pays for all the memory that it will ever need.
func BenchmarkPipeline(b *testing.B) {
	cfg := besideBroker(b)
	log := slog.New(slog.DiscardHandler)
	events := int64(0)
	var used time.Duration
	way := func(i int) {
		cfg.ClickHouse.Database, cfg.Kafka.Group = fmt.Sprintf("dwell_%d", i), fmt.Sprintf("dwell-%d", i)
		s, err := app.Start(b.Context(), cfg, app.All, io.Discard, log)
		if err != nil {
			b.Fatal(err)
		}
		if i == 0 {
			events = fill(b, s)
		}
		begin := cpu()
		if err := s.StartEngine(b.Context()); err != nil {
			b.Fatal(err)
		}
		if err := s.CaughtUp(b.Context(), func(int64) {}); err != nil {
			b.Fatal(err)
		}
		used += cpu() - begin
		if err := s.Stop(); err != nil {
			b.Fatal(err)
		}
	}
	way(0)
	used = 0
	for i := 1; b.Loop(); i++ {
		way(i)
	}
	b.ReportMetric(float64(events)*float64(b.N)/used.Seconds(), "events/cpu-s")
}

// besideBroker is the configuration of a process whose broker and ClickHouse are processes of their own.
func besideBroker(b *testing.B) app.Config {
	dir := b.TempDir()
	cmd := dwell(b)
	cmd.Env = append(cmd.Env, "DWELL_TEST_IS_BROKER="+dir)
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	var addr []byte
	until(b, "the broker serves", func() (ok bool) {
		var err error
		addr, err = os.ReadFile(filepath.Join(dir, "address"))
		return err == nil && len(addr) > 0
	})
	cfg := app.DefaultConfig()
	cfg.Data = filepath.Join(dir, "data")
	cfg.ClickHouse.Embedded = true
	cfg.Kafka.Brokers = []string{string(addr)}
	cfg.Kafka.NewReplication = 1
	return cfg
}

// BenchmarkImport is a CSV file of a million lines, until the log has acknowledged its readings; nothing counts them meanwhile. The memory is
// the most that this process has had; broker and ClickHouse are processes of their own.
func BenchmarkImport(b *testing.B) {
	const lines = 1_000_000
	cfg := besideBroker(b)
	cfg.Places = "poland-ukraine"
	file := filepath.Join(b.TempDir(), "queues.csv")
	var text bytes.Buffer
	text.WriteString("time,place,trucks,paused\n")
	for i := range lines {
		fmt.Fprintf(&text, "%s,%s,%d,%d\n", time.Unix(1_500_000_000+int64(i/3)*60, 0).UTC().Format(time.RFC3339),
			[]string{"PL-18-MEDYKA", "PL-06-ZOSIN", "PL-06-DOROHUSK"}[i%3], i%300, i/100_000%2)
	}
	if err := os.WriteFile(file, text.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	text = bytes.Buffer{}
	m, err := source.ParseMapping("map.yaml", []byte("source: /x\ncolumns: {bcp: place, time: time, vehicles: trucks, closed: paused}\n"))
	if err != nil {
		b.Fatal(err)
	}
	app.CollectGarbage(nil)
	var used, took time.Duration
	for i := 0; b.Loop(); i++ {
		cfg.ClickHouse.Database = fmt.Sprintf("dwell_%d", i)
		s, err := app.Start(b.Context(), cfg, app.All, io.Discard, slog.New(slog.DiscardHandler))
		if err != nil {
			b.Fatal(err)
		}
		from, err := os.Open(file)
		if err != nil {
			b.Fatal(err)
		}
		r, err := source.NewReader(from, []source.Mapping{m}, s.Vocabulary, func(string) *time.Location { return time.UTC }, time.Now())
		if err != nil {
			b.Fatal(err)
		}
		begin, used0 := time.Now(), cpu()
		if _, err := (&importFlags{File: file}).write(b.Context(), &env{nil, io.Discard, io.Discard, nil}, s, &imports.Import{Kind: imports.OfReadings}, r, sha256.New()); err != nil {
			b.Fatal(err)
		}
		used, took = used+cpu()-used0, took+time.Since(begin)
		if r.Tally().Taken != lines {
			b.Fatal(r.Tally())
		}
		if err := errors.Join(from.Close(), s.Stop()); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(lines*float64(b.N)/took.Seconds(), "lines/s")
	b.ReportMetric(lines*float64(b.N)/used.Seconds(), "lines/cpu-s")
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(u.Maxrss)/1024, "MiB")
}

// fill brings three weeks into the topic, and returns how many records they are.
func fill(b *testing.B, s *app.System) int64 {
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.Add(21 * 24 * time.Hour), Seed: 7,
		Faults: simulator.Faults{Late: 0.05, Duplicate: 0.01, Retract: 0.002},
	})
	if err != nil {
		b.Fatal(err)
	}
	f := kafka.NewBuffered(s.Producer)
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		if err := f.Add(b.Context(), event.NewRecord(s.Vocabulary, em.Event, em.At)); err != nil {
			b.Fatal(err)
		}
	}
	if err := f.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	return f.Written()
}

func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
