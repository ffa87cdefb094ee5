package pipeline

import (
	"errors"
	"fmt"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// Config is what all shards of a program share: how events become windows, and when these are written.
type Config struct {
	// Engine has its vocabulary and places from the places file.
	Engine engine.Config `yaml:",inline"`
	// Visits and Events are how far behind the watermark visits and events are kept; 0 is without end. They hold for each shard
	// from the offset that it has when it is first opened with them.
	Visits time.Duration `yaml:"-" rule:"-"`
	Events time.Duration `yaml:"-" rule:"-"`
	// LeaveRetentions leaves the retentions in force as they are, whatever Visits and Events are.
	LeaveRetentions bool `yaml:"-" rule:"-"`
	// Topic is the topic of events, which dead letters name.
	Topic string `yaml:"-" rule:"-"`
	// Skew is how far an event's time may be after its record's timestamp.
	Skew time.Duration `yaml:"skew" rule:"-"`
	// RetractOthers lets an event be retracted by a source other than its own. Where it is false, such a retraction is a dead letter.
	RetractOthers bool `yaml:"retract_others"`
	// FlushEvery is the time between flushes: one begins when the wall clock reaches a multiple of it, or at once when the
	// shard has buffered its share of FlushBytes. A shard that is far behind its log flushes less often: the larger a flush,
	// the less an event costs.
	FlushEvery time.Duration `yaml:"flush_every" rule:"-"`
	// FlushBytes is how many bytes all shards of a process may buffer together, with what is being written. Raw events, which are
	// most of them, are also written between flushes.
	FlushBytes int `yaml:"flush_bytes" rule:"-"`
	// RetryMax is the longest pause between two tries of a read or write that fails.
	RetryMax time.Duration `yaml:"retry_max" rule:"-"`
}

// DefaultConfig lacks the Engine's vocabulary and places.
func DefaultConfig() Config {
	return Config{
		Engine:        engine.Config{MemoryRetention: 26 * time.Hour, WatermarkDelay: 10 * time.Minute},
		Skew:          5 * time.Minute,
		RetractOthers: true,
		FlushEvery:    time.Second,
		FlushBytes:    256 << 20,
		RetryMax:      10 * time.Second,
	}
}

// SlowestFlush is the longest time between flushes of a shard that is far behind, or whose flushes take long, besides what they take.
func (c Config) SlowestFlush() time.Duration { return maxSlowdown * c.FlushEvery }

// Decoder makes what judges the messages of the log.
func (c Config) Decoder(v *event.Vocabulary) *event.Decoder {
	d := event.NewDecoder(v, c.Skew)
	d.OwnRetractions = !c.RetractOthers
	return d
}

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, d := range []struct {
		key   string
		value time.Duration
		least time.Duration
	}{
		{"memory_retention", c.Engine.MemoryRetention, 1},
		{"watermark_delay", c.Engine.WatermarkDelay, 0},
		{"skew", c.Skew, 0},
		{"flush_every", c.FlushEvery, 1},
		{"retry_max", c.RetryMax, 1},
	} {
		switch {
		case d.value < 0:
			bad("%s: %v is negative", d.key, d.value)
		case d.value < d.least:
			bad("%s: %v is not positive", d.key, d.value)
		}
	}
	if c.FlushBytes < 1<<10 {
		bad("flush_bytes: %d is below 1024", c.FlushBytes)
	}
	return errors.Join(errs...)
}
