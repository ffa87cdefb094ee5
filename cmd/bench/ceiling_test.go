package main

import (
	"bytes"
	"runtime"
	"syscall"
	"testing"
	"time"

	"dwell/cmd/bench/workload"
)

// BenchmarkCeiling is what the machine itself takes for the least that each stage has to do with an event: to decompress, copy
// and look at its bytes, to find its visit among two million and go over the facts of that, to count it in the windows of
// minutes, hours and days, to lay event and windows out in the columns of tables, and to send these. An engine that does all
// this takes at least their sum, with the cheaper of the two scans, and has then neither parsed nor joined anything.
func BenchmarkCeiling(b *testing.B) {
	events := eventsOf(b, 100_000)
	b.Run("copy", func(b *testing.B) {
		to := make([]byte, 0, 64<<20)
		perEvent(b, float64(len(events)), func() {
			to = to[:0]
			for _, e := range events {
				to = append(to, e.Value...)
			}
		})
	})
	// A decoder in plain Go that looks at every byte once.
	b.Run("scan", func(b *testing.B) {
		found := 0
		perEvent(b, float64(len(events)), func() {
			for _, e := range events {
				for _, c := range e.Value {
					found += int(classes[c])
				}
			}
		})
		if found == 0 {
			b.Error("no quote in JSON")
		}
	})
	// The widest instructions that the machine has look for one byte alone.
	b.Run("scan-vector", func(b *testing.B) {
		quotes := 0
		perEvent(b, float64(len(events)), func() {
			for _, e := range events {
				quotes += bytes.Count(e.Value, []byte{'"'})
			}
		})
		if quotes == 0 {
			b.Error("no quote in JSON")
		}
	})
	b.Run("visits", benchmarkVisits)
	b.Run("columns", func(b *testing.B) {
		var c columns
		perEvent(b, float64(len(events)), func() {
			c.reset()
			for i, e := range events {
				c.append(i, e)
			}
			c.encode()
		})
	})
	b.Run("facts", benchmarkFacts)
	b.Run("windows", benchmarkWindows)
	b.Run("rows", benchmarkRows)
	b.Run("send", benchmarkSend)
	b.Run("decompress", func(b *testing.B) {
		values := make([][]byte, len(events))
		for i := range events {
			values[i] = events[i].Value
		}
		benchmarkDecompress(b, values)
	})
}

// perEvent measures a pass over so many events, of this thread alone.
func perEvent(b *testing.B, events float64, pass func()) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	pass() // which pays for all the memory
	begin := cpuTime()
	for b.Loop() {
		pass()
	}
	n := events * float64(b.N)
	used := cpuTime() - begin
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(used.Nanoseconds())/n, "ns/event")
	b.ReportMetric(n/used.Seconds(), "events/cpu-s")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_THREAD, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func eventsOf(b *testing.B, n int) []workload.Record {
	cfg := workload.Default()
	cfg.Events = n
	records, err := workload.New(cfg)
	if err != nil {
		b.Fatal(err)
	}
	var all []workload.Record
	for r, ok := records.Next(); ok; r, ok = records.Next() {
		all = append(all, r)
	}
	return all
}

// The classes of bytes that JSON distinguishes.
const (
	plain = iota
	quote
	structure
	space
)

var classes = func() (c [256]uint8) {
	for _, b := range []byte(`"\`) {
		c[b] = quote
	}
	for _, b := range []byte("{}[]:,") {
		c[b] = structure
	}
	for _, b := range []byte(" \t\r\n") {
		c[b] = space
	}
	return c
}()
