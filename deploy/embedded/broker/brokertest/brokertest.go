// Package brokertest starts the embedded broker for the tests of other packages.
package brokertest

import (
	"context"
	"log/slog"
	"testing"

	"dwell/deploy/embedded/broker"
)

// Option changes the broker that Start starts.
type Option func(*broker.Config)

// Topic creates a topic with the given number of partitions.
func Topic(name string, partitions int) Option {
	return func(c *broker.Config) {
		c.Topics = append(c.Topics, broker.Topic{Name: name, Partitions: partitions})
	}
}

// DataDir keeps the log in dir, so that a second Start resumes with what the first one left. Without it the log is in a
// folder of the test's own.
func DataDir(dir string) Option { return func(c *broker.Config) { c.DataDir = dir } }

// Port listens on a fixed port of loopback.
func Port(port int) Option { return func(c *broker.Config) { c.Port = port } }

// Start runs a broker until the test ends and returns its address, host:port. A failure to start ends the test.
func Start(t testing.TB, opts ...Option) (addr string) {
	t.Helper()
	addr, stop := StartStop(t, opts...)
	t.Cleanup(stop)
	return addr
}

// StartStop is Start for a test that stops the broker itself; stop waits until the log is closed and may be called
// twice.
func StartStop(t testing.TB, opts ...Option) (addr string, stop func()) {
	t.Helper()
	var cfg broker.Config
	for _, o := range opts {
		o(&cfg)
	}
	if cfg.DataDir == "" {
		cfg.DataDir = t.TempDir()
	}
	b, err := broker.New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := b.Run(ctx); err != nil {
			t.Error(err)
		}
	}()
	stop = func() {
		cancel()
		<-done
	}
	addr, err = b.Addr(t.Context())
	if err != nil {
		stop()
		t.FailNow()
	}
	return addr, stop
}
