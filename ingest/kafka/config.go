package kafka

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"dwell/ingest/tlsdial"
)

// Config says which Kafka to read and how. DefaultConfig gives the values that a file need not repeat.
type Config struct {
	// Brokers are the addresses to start from, each host:port.
	Brokers []string `yaml:"brokers" example:"[kafka-1:9092, kafka-2:9092]"`
	// Topic has the events.
	Topic string `yaml:"topic"`
	// DeadLetterTopic takes the messages that cannot be used.
	DeadLetterTopic string `yaml:"dead_letter_topic"`
	// Group is the consumer group by which several processes share the partitions. No other program may be in it: what it gets is not counted.
	Group string `yaml:"group"`
	// ClientID is the name of this process in the brokers' logs.
	ClientID string `yaml:"client_id"`
	// Partitions is the number of partitions that the stored tables were counted with; 0 takes the topic's number at start.
	Partitions int `yaml:"-"`

	// TLS is how connections are encrypted, and which certificates they trust.
	TLS tlsdial.Config `yaml:"tls"`
	// SASL is how to log in.
	SASL SASL `yaml:"sasl"`

	// FetchBytes bounds one fetch of one partition. A single larger batch is still fetched whole.
	FetchBytes int `yaml:"fetch_bytes"`
	// FetchWait is how long a broker may wait for records before it answers that there are none.
	FetchWait time.Duration `yaml:"fetch_wait"`
	// BufferBytes is how many fetched bytes of one partition may wait before its fetching pauses. At most BufferBytes plus
	// one fetch is buffered.
	BufferBytes int `yaml:"buffer_bytes"`
	// Tick is the time between two checks whether a flush is due while no records arrive.
	Tick time.Duration `yaml:"tick"`
	// CommitInterval is the time between two offset commits to the group; operators' tools read them, and sources that have a topic go on from them.
	CommitInterval time.Duration `yaml:"commit_interval"`
	// RefreshInterval is the time between two metadata requests (leaders, partitions) while nothing fails.
	RefreshInterval time.Duration `yaml:"refresh_interval"`
	// SessionTimeout is the time without a heartbeat after which the group gives a process's partitions to others.
	// Heartbeats are sent three times as often.
	SessionTimeout time.Duration `yaml:"session_timeout"`
	// DrainTimeout bounds the last flush of partitions that are revoked.
	DrainTimeout time.Duration `yaml:"drain_timeout"`
	// BackoffMin is the first pause after a failure; it doubles with every failure in a row.
	BackoffMin time.Duration `yaml:"backoff_min"`
	// BackoffMax is the longest pause after a failure.
	BackoffMax time.Duration `yaml:"backoff_max"`

	// Compression is how batches that are written are compressed: none, gzip, snappy, lz4 or zstd.
	Compression string `yaml:"compression"`
}

// DefaultConfig is the configuration for a broker on this machine, without the name of one.
func DefaultConfig() Config {
	return Config{
		Topic:           "dwell.events",
		DeadLetterTopic: "dwell.dead_letters",
		Group:           "dwell",
		ClientID:        "dwell",
		FetchBytes:      1 << 20,
		FetchWait:       250 * time.Millisecond,
		BufferBytes:     4 << 20,
		Tick:            100 * time.Millisecond,
		CommitInterval:  5 * time.Second,
		RefreshInterval: 10 * time.Second,
		SessionTimeout:  15 * time.Second,
		DrainTimeout:    10 * time.Second,
		BackoffMin:      100 * time.Millisecond,
		BackoffMax:      5 * time.Second,
		Compression:     "lz4",
	}
}

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if len(c.Brokers) == 0 {
		bad("brokers: none given; name them in the file of --config, or set kafka.embedded to true")
	}
	for _, b := range c.Brokers {
		if err := tlsdial.CheckAddress(b); err != nil {
			bad("brokers: %w", err)
		}
	}
	for _, s := range []struct{ key, value string }{
		{"topic", c.Topic}, {"dead_letter_topic", c.DeadLetterTopic}, {"group", c.Group}, {"client_id", c.ClientID},
	} {
		if s.value == "" {
			bad("%s: missing", s.key)
		}
	}
	if c.Topic != "" && c.Topic == c.DeadLetterTopic {
		bad("dead_letter_topic: %q is the topic itself", c.DeadLetterTopic)
	}
	for _, n := range []struct {
		key        string
		value, min int
	}{{"fetch_bytes", c.FetchBytes, 1 << 10}, {"buffer_bytes", c.BufferBytes, 1 << 10}} {
		if n.value < n.min || n.value > 1<<30 {
			bad("%s: %d is not in %d..%d", n.key, n.value, n.min, 1<<30)
		}
	}
	if c.Partitions < 0 {
		bad("partitions: %d is negative", c.Partitions)
	}
	for _, d := range []struct {
		key   string
		value time.Duration
	}{
		{"fetch_wait", c.FetchWait},
		{"tick", c.Tick},
		{"commit_interval", c.CommitInterval},
		{"refresh_interval", c.RefreshInterval},
		{"session_timeout", c.SessionTimeout},
		{"drain_timeout", c.DrainTimeout},
		{"backoff_min", c.BackoffMin},
		{"backoff_max", c.BackoffMax},
	} {
		if d.value < time.Millisecond || d.value > time.Hour {
			bad("%s: %v is not in 1ms..1h", d.key, d.value)
		}
	}
	if c.DrainTimeout >= c.SessionTimeout {
		// No heartbeat is sent while a generation drains, so a longer drain would lose the partitions before it ends.
		bad("drain_timeout: %v is not shorter than session_timeout %v", c.DrainTimeout, c.SessionTimeout)
	}
	if c.BackoffMax < c.BackoffMin {
		bad("backoff_max: %v is shorter than backoff_min %v", c.BackoffMax, c.BackoffMin)
	}
	if !slices.Contains(compressions, c.Compression) {
		bad("compression: %q is not supported; use none, gzip, snappy, lz4 or zstd", c.Compression)
	}
	errs = append(errs, c.TLS.Validate(), c.SASL.validate())
	return errors.Join(errs...)
}

// compressions are in the order of Kafka's codec numbers.
var compressions = []string{"none", "gzip", "snappy", "lz4", "zstd"}
