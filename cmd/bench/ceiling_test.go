package main

import (
	"bytes"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"github.com/ClickHouse/ch-go/proto"

	"dwell/cmd/bench/workload"
)

// BenchmarkCeiling is what the machine itself takes for the least that each stage has to do with an event: to copy its bytes,
// to look at each of them, to find its visit among two million, to lay its fields out in the columns of a table. An engine that
// does all this takes at least their sum, with the cheaper of the two scans.
func BenchmarkCeiling(b *testing.B) {
	events := eventsOf(b, 100_000)
	b.Run("copy", func(b *testing.B) {
		to := make([]byte, 0, 64<<20)
		perEvent(b, len(events), func() {
			to = to[:0]
			for _, e := range events {
				to = append(to, e.Value...)
			}
		})
	})
	// A decoder in plain Go that looks at every byte once.
	b.Run("scan", func(b *testing.B) {
		found := 0
		perEvent(b, len(events), func() {
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
		perEvent(b, len(events), func() {
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
		perEvent(b, len(events), func() {
			c.reset()
			for i, e := range events {
				c.append(i, e)
			}
			c.encode()
		})
	})
}

// benchmarkVisits finds two million visits in an order that no cache foresees, and changes each.
func benchmarkVisits(b *testing.B) {
	const visits = 2_000_000
	type visit [8]int64 // a cache line
	chance := rand.New(rand.NewPCG(1, 1))
	at, all := make(map[uint64]int32, visits), make([]visit, visits)
	keys := make([]uint64, visits)
	for i := range keys {
		keys[i] = chance.Uint64()
		at[keys[i]] = int32(i)
	}
	chance.Shuffle(visits, func(i, j int) { keys[i], keys[j] = keys[j], keys[i] })
	perEvent(b, visits, func() {
		for _, k := range keys {
			all[at[k]][0]++
		}
	})
}

// perEvent measures a pass over so many events.
func perEvent(b *testing.B, events int, pass func()) {
	pass() // which pays for all the memory
	begin := cpuTime()
	for b.Loop() {
		pass()
	}
	n := float64(events) * float64(b.N)
	used := cpuTime() - begin
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(used.Nanoseconds())/n, "ns/event")
	b.ReportMetric(n/used.Seconds(), "events/cpu-s")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
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

// The classes of bytes that JSON tells apart.
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

// columns are those of dwell's table of raw events. A code of few values is a byte.
type columns struct {
	shard   proto.ColUInt16
	offset  proto.ColUInt64
	times   [3]proto.ColInt64
	codes   [8]proto.ColUInt8
	strings [5]proto.ColStr
	buffer  proto.Buffer
}

func (c *columns) reset() {
	c.shard, c.offset, c.buffer.Buf = c.shard[:0], c.offset[:0], c.buffer.Buf[:0]
	for i := range c.times {
		c.times[i] = c.times[i][:0]
	}
	for i := range c.codes {
		c.codes[i] = c.codes[i][:0]
	}
	for i := range c.strings {
		c.strings[i].Reset()
	}
}

// append takes the strings from where they stand in every message: id, source, subject, data, and no lane.
func (c *columns) append(offset int, r workload.Record) {
	c.shard.Append(uint16(r.Partition))
	c.offset.Append(uint64(offset))
	for i := range c.times {
		c.times[i].Append(r.Time)
	}
	for i := range c.codes {
		c.codes[i].Append(uint8(i))
	}
	c.strings[0].AppendBytes(r.Value[26:40])
	c.strings[1].AppendBytes(r.Value[52:67])
	c.strings[2].AppendBytes(r.Key)
	c.strings[3].AppendBytes(r.Value[170:])
	c.strings[4].AppendBytes(nil)
}

func (c *columns) encode() {
	c.shard.EncodeColumn(&c.buffer)
	c.offset.EncodeColumn(&c.buffer)
	for i := range c.times {
		c.times[i].EncodeColumn(&c.buffer)
	}
	for i := range c.codes {
		c.codes[i].EncodeColumn(&c.buffer)
	}
	for i := range c.strings {
		c.strings[i].EncodeColumn(&c.buffer)
	}
}
