package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"dwell/ingest/kafka"
	"dwell/ingest/place"
	"dwell/metrics/clickhouse"
)

// RetentionConfig is how long rows are kept in ClickHouse; 0 is without end.
type RetentionConfig struct {
	// Visits is how long a visit is kept after its last fact, by the times of events. Then it is absent, and what comes for it
	// begins a new visit; a message about a visit that is older is a dead letter. It holds from where each partition is when it is
	// first configured. Windows stay, and the occupancy of BCPs. At least a day, and the lapse_after of each place.
	Visits time.Duration `yaml:"visits" example:"8760h"`
	// Events is how long events are kept after their times, not longer than visits. The audit compares what is as recent.
	Events time.Duration `yaml:"events" example:"2160h"`
	// DeadLetters is how long dead letters are kept in ClickHouse after the times of their records.
	DeadLetters time.Duration `yaml:"dead_letters" example:"720h"`
	// Restatements is how long restatements are kept after they were made.
	Restatements time.Duration `yaml:"restatements" example:"8760h"`
}

// ClickHouse stores retentions in milliseconds and times to live in seconds, and the instants at which these end only until 2106: an
// end after that would be long ago.
const leastKept, mostKept = time.Hour, 50 * 365 * 24 * time.Hour

// Validate names every key and value that cannot be used.
func (c RetentionConfig) Validate() error {
	var errs []error
	for _, k := range c.keys() {
		switch {
		case k.value < 0:
			errs = append(errs, fmt.Errorf("%s: %v is negative; 0s keeps without end", k.key, k.value))
		case k.value > 0 && k.value < leastKept:
			errs = append(errs, fmt.Errorf("%s: %v is less than an hour; set at least 1h, or 0s to keep without end", k.key, k.value))
		case k.value > mostKept:
			errs = append(errs, fmt.Errorf("%s: %v is more than 50 years, 438000h; 0s keeps without end", k.key, k.value))
		}
	}
	const day = 24 * time.Hour
	switch {
	case c.Visits < leastKept:
	case c.Visits < day:
		errs = append(errs, fmt.Errorf("visits: %v is less than a day; set at least 24h", c.Visits))
	case c.Events == 0:
		errs = append(errs, fmt.Errorf("events: 0 keeps events without end, but visits are kept for %v, and their events no longer than they: set it to at most that", c.Visits))
	case c.Events > c.Visits:
		errs = append(errs, fmt.Errorf("events: %v is longer than visits, %v: set it to at most that", c.Events, c.Visits))
	}
	return errors.Join(errs...)
}

// fits fails if a visit would be absent before it lapses.
func (c RetentionConfig) fits(book *place.Book) error {
	for i := range book.Places {
		if p := &book.Places[i]; c.Visits > 0 && c.Visits < p.LapseAfter {
			return fmt.Errorf("retention.visits: %v is less than %v, after which a visit of %s lapses: set it to at least that", c.Visits, p.LapseAfter, p.ID)
		}
	}
	return nil
}

// EndsRecounts reports whether rows are deleted that a recount needs.
func (c RetentionConfig) EndsRecounts() bool { return c.Events > 0 || c.DeadLetters > 0 }

type retentionKey struct {
	key   string
	value time.Duration
}

func (c RetentionConfig) keys() []retentionKey {
	return []retentionKey{{"visits", c.Visits}, {"events", c.Events}, {"dead_letters", c.DeadLetters}, {"restatements", c.Restatements}}
}

// String says what is kept how long.
func (c RetentionConfig) String() string {
	var all []string
	for _, k := range c.keys() {
		kept := "without end"
		if k.value > 0 {
			kept = k.value.String()
		}
		all = append(all, strings.ReplaceAll(k.key, "_", " ")+" "+kept)
	}
	return strings.Join(all, ", ") + ", windows and openings without end"
}

// laterUnknown is how much longer rows are kept where the topic has no retention, or the brokers do not say: Kafka's own default.
// No number rests on it: rows are deleted by the progress, and no event before that is read again.
const laterUnknown = 7 * 24 * time.Hour

// setsRetentions reports whether the configuration puts retentions in force. Where something is served, a key that is absent is
// without end. Another command may have been started without the configuration of the tables (--data): if it is given no retention, it
// leaves those in force.
func (s *System) setsRetentions() bool {
	return s.Source != nil || s.Config.Retention != (RetentionConfig{})
}

// keep lets ClickHouse delete what is no longer kept: visits and events later than that by as long as the topic keeps records.
func (s *System) keep(ctx context.Context) error {
	c := s.Config.Retention
	if s.setsRetentions() {
		if err := s.Store.KeepFor(ctx, c.DeadLetters, c.Restatements); err != nil {
			return err
		}
	}
	later, limited, err := kafka.LogRetention(ctx, s.Config.Kafka.Config)
	if err != nil || !limited {
		later = laterUnknown
	}
	if c.Visits > 0 || c.Events > 0 {
		s.Log.Info("retention", "component", "retention", "kept", c.String(), "deleted_later_by", later)
	}
	s.Go(ctx, "retention", clickhouse.Deleter{Store: s.Store, Later: later, Log: s.Log}.Run)
	return nil
}
