package receiver

import (
	"errors"
	"fmt"
	"time"
)

// Config bounds what is taken from those who post.
type Config struct {
	// TokensFile is the file of the tokens, which dwell token writes. Without it nothing can be posted, except where the broker is
	// embedded: the file is tokens.json in the data folder then.
	TokensFile string `yaml:"tokens_file" example:"/etc/dwell/tokens.json"`
	// MaxBody is the largest body of a request, in bytes, packed and unpacked.
	MaxBody int64 `yaml:"max_body"`
	// MaxAtOnce is how many bodies are read and written to Kafka at once. The second body of a token needs two free places, its third one
	// three, and so on: one token has half of them at most, and two tokens leave a quarter to others.
	MaxAtOnce int `yaml:"max_at_once"`
	// EventsPerSecond is how many events a token may post per second in the long run; ten thousand more can come at once. A body counts as
	// one event at least, and as one for each 4 KiB of it once it is unpacked, also where it is refused.
	EventsPerSecond int `yaml:"events_per_second"`
	// BodyTimeout is how long a body may take to arrive, 55 seconds at most.
	BodyTimeout time.Duration `yaml:"body_timeout"`
}

// DefaultConfig is for the posts of one border.
func DefaultConfig() Config {
	return Config{MaxBody: 8 << 20, MaxAtOnce: 16, EventsPerSecond: 5000, BodyTimeout: 30 * time.Second}
}

const (
	// leastBody is the least MaxBody, so that every event fits.
	leastBody = 2 << 20
	// longestBody is less than the whole server waits for a request.
	longestBody = 55 * time.Second
)

// Validate names every key and value that cannot be used.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if c.MaxBody < leastBody || c.MaxBody > 1<<30 {
		bad("max_body: %d is not in %d..%d", c.MaxBody, leastBody, 1<<30)
	}
	if c.MaxAtOnce < 1 {
		bad("max_at_once: %d is not positive", c.MaxAtOnce)
	}
	if c.EventsPerSecond < 1 {
		bad("events_per_second: %d is not positive", c.EventsPerSecond)
	}
	if c.BodyTimeout <= 0 || c.BodyTimeout > longestBody {
		bad("body_timeout: %v is not in (0s, %v]", c.BodyTimeout, longestBody)
	}
	return errors.Join(errs...)
}
