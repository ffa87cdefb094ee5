package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/segmentio/kafka-go/protocol/fetch"

	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/event"
)

// cpu is the processor time that this process has used.
func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// filled is a broker with n records of some 300 bytes in each of two partitions.
func filled(b *testing.B, compression string, n int) Config {
	cfg := config(brokertest.Start(b, brokertest.Topic(topic, 2), brokertest.Topic(letters, 1)))
	cfg.Compression = compression
	fill(b, cfg, n)
	return cfg
}

func fill(b *testing.B, cfg Config, n int) {
	p := producer(b, cfg)
	const every = 10_000
	ms := make([]event.Record, every)
	for first := 0; first < 2*n; first += every {
		for i := range ms {
			id := first + i
			ms[i] = event.Record{
				Key: fmt.Appendf(nil, "AF-NAN-TORKHAM/%d", id), Time: int64(1_700_000_000_000 + id),
				Value: fmt.Appendf(nil, `{"specversion":"1.0","type":"dwell.truck.arrived.v1","source":"torkham/gate/1","id":"%d",`+
					`"time":"2026-01-05T08:%02d:%02dZ","subject":"AF-NAN-TORKHAM/%d","data":{"bcp":"AF-NAN-TORKHAM",`+
					`"direction":"inbound","regime":"import","lane":"lane-%d","plate":"%s"}}`,
					id, id/60%60, id%60, id, id%7, strings.Repeat("K", 20)),
			}
		}
		if err := p.Write(b.Context(), ms...); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFetch reads records from the embedded broker's log into a Handler that only counts them. The processor time is
// this whole process's, so the broker's own share is in it.
func BenchmarkFetch(b *testing.B) {
	for _, compression := range []string{"none", "lz4", "zstd"} {
		b.Run(compression, func(b *testing.B) {
			const n = 200_000
			cfg := filled(b, compression, n)
			var used time.Duration
			records := 0
			for b.Loop() {
				records += 2 * n
				used += readAll(b, cfg, 2*n)
			}
			b.ReportMetric(float64(records)/used.Seconds(), "events/cpu-s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func readAll(b *testing.B, cfg Config, n int) time.Duration {
	seen := make(chan int, 1024)
	c, err := New(cfg, func(int) Handler { return counter{seen} }, nil, slog.New(slog.DiscardHandler))
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	before := cpu(b)
	go func() { done <- c.Run(ctx) }()
	for got := 0; got < n; {
		got += <-seen
	}
	used := cpu(b) - before
	cancel()
	if err := <-done; err != nil {
		b.Fatal(err)
	}
	return used
}

type counter struct{ seen chan<- int }

func (counter) Open(context.Context, int) (int64, error)     { return 0, nil }
func (counter) Write(context.Context) error                  { return nil }
func (counter) Close(context.Context) error                  { return nil }
func (counter) ShortLog(context.Context, int64, int64) error { return nil }
func (c counter) Handle(_ context.Context, b Batch) error {
	if len(b.Records) > 0 {
		c.seen <- len(b.Records)
	}
	return nil
}

// BenchmarkWrite writes batches of 10,000 records to the embedded broker, whose processor time is in it.
func BenchmarkWrite(b *testing.B) {
	before := cpu(b)
	const n = 100_000
	records := 0
	for b.Loop() {
		filled(b, "lz4", n)
		records += 2 * n
	}
	b.ReportMetric(float64(records)/(cpu(b)-before).Seconds(), "events/cpu-s")
	b.ReportMetric(0, "ns/op")
}

// BenchmarkBatch decodes one batch of 1,000 records without a broker.
func BenchmarkBatch(b *testing.B) {
	cfg := filled(b, "none", 5000)
	var raw rawBatch
	var r recordReader
	c, err := newClient(cfg)
	if err != nil {
		b.Fatal(err)
	}
	defer c.close()
	f := newFetcher(c, cfg, slog.New(slog.DiscardHandler), Unobserved{}, 2, []int{0})
	f.sources[0].seek(0, false)
	p, _, _ := f.sources[0].request(time.Now())
	l, err := c.layout(b.Context(), topic)
	if err != nil {
		b.Fatal(err)
	}
	res, err := f.fetch(b.Context(), l.leaders[0], []fetch.RequestPartition{p})
	if err != nil {
		b.Fatal(err)
	}
	raw, _, _, err = cutBatch(res.partitions[0].data)
	if err != nil {
		b.Fatal(err)
	}
	records := 0
	before := cpu(b)
	for b.Loop() {
		r.reset()
		if err := r.read(raw, 0); err != nil {
			b.Fatal(err)
		}
		records += len(r.records)
	}
	b.ReportMetric(float64(records)/(cpu(b)-before).Seconds(), "events/cpu-s")
	b.ReportMetric(0, "ns/op")
}
