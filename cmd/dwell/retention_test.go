package main

import (
	"fmt"
	"io"
	"log/slog"
	"testing"
	"time"

	"dwell/cmd/dwell/app"
)

// Visits are kept for 20 days. A program that is given no retention and serves nothing leaves it at that; one that serves keeps visits
// without end from then on.
func TestServingWithoutARetentionEndsTheOneInForce(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions, cfg.Listen = 1, "127.0.0.1:0"
	kept := cfg
	kept.Retention = app.RetentionConfig{Visits: 480 * time.Hour, Events: 480 * time.Hour}

	s := startHere(t, kept)
	send := days(t, s, 1)
	send(s, 2*time.Hour)
	count(t, s)
	inForce(t, s, "20 days")
	stopHere(t, s)

	s = startHere(t, cfg)
	send(s, 4*time.Hour)
	count(t, s)
	inForce(t, s, "20 days")
	stopHere(t, s)

	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer stopHere(t, s)
	send(s, 6*time.Hour)
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	inForce(t, s, "0 days")
}

// inForce compares how long the last retention keeps visits.
func inForce(t *testing.T, s *app.System, want string) {
	t.Helper()
	var days uint64
	const query = "SELECT toUInt64(argMax(visits_ms, offset) / 86400000) FROM retentions FINAL"
	if err := s.Store.Conn().QueryRow(t.Context(), query).Scan(&days); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprintf("%d days", days); got != want {
		t.Errorf("visits are kept for %s, want %s", got, want)
	}
}
