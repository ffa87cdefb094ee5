package app

import (
	"log/slog"
	"time"

	"dwell/metrics/usual/follow"
)

// usual makes the loop that keeps what is usual, and follows spikes, for page, API and metrics. The process for which elected is true learns and
// looks; the others read what it has stored.
func (s *System) usual(elected func() bool, now func() time.Time, log *slog.Logger) *follow.Loop {
	return &follow.Loop{Store: s.Store, Source: s.Source, Elected: elected, Put: s.Source.PutUsual, Now: now, Log: log.With("component", "usual")}
}
