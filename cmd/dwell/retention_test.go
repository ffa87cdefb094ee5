package main

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
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

// Visits are kept for 20 days. One of two trucks of an import arrived forty days ago, which is not known to be too old before anything was counted, and is so
// afterwards: another import, the undoing of the first and a redrive say it, and the letters stay as many.
func TestWhatWillBeTooOldIsSaidBeforeItIsCounted(t *testing.T) {
	dir := t.TempDir()
	cfg := app.DefaultConfig()
	cfg.Embed(filepath.Join(dir, "data"))
	cfg.Kafka.NewPartitions, cfg.Listen = 1, "127.0.0.1:0"
	cfg.Retention = app.RetentionConfig{Visits: 480 * time.Hour, Events: 480 * time.Hour}
	s, err := app.Serve(t.Context(), cfg, io.Discard, slog.New(slog.DiscardHandler), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer stopHere(t, s)
	file := func(name string, trucks ...string) string {
		var text strings.Builder
		for i, truck := range trucks {
			_, _ = fmt.Fprintf(&text, `{"specversion":"1.0","id":"1","source":"/gate","type":"dwell.truck.arrived.v1","subject":%q,"time":%q,"data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}}`+"\n",
				truck, time.Now().AddDate(0, 0, -40*(i%2)).UTC().Format(time.RFC3339))
		}
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	first, second := file("first.jsonl", "NEW-1", "OLD-1"), file("second.jsonl", "NEW-2", "OLD-2")
	config := filepath.Join(dir, "dwell.yaml")
	text := fmt.Sprintf("data: %s\nkafka: {embedded: true}\nclickhouse: {embedded: true}\nretention: {visits: 480h, events: 480h}\n", cfg.Data)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		status int
		want   string
		args   []string
	}{
		{0, "of these, 1 are older than 480h0m0s (retention.visits); those that are so when they are counted will be refused as too_old\n", []string{"import", "events", first, "--wait"}},
		{0, "of these, 1 are older than what is kept (retention.visits), and will be refused as too_old when they are counted\n", []string{"import", "events", second, "--wait"}},
		{0, "dead letters: 2\n", []string{"dead-letters", "list", "--reason", "too_old"}},
		{1, "redriven: 0, refused again: 2\n", []string{"dead-letters", "redrive", "--reason", "too_old", "--wait"}},
		{0, "dead letters: 2\n", []string{"dead-letters", "list", "--reason", "too_old"}},
		{0, "events retracted: 2, closings and openings changed: 0\nof these, 1 are older than what is kept", []string{"imports", "undo", "1", "--wait"}},
		{0, "dead letters: 3\n", []string{"dead-letters", "list", "--reason", "too_old"}},
		{1, ": too_old: data.time ", []string{"dead-letters", "redrive", "--reason", "too_old", "--wait"}},
	} {
		var out bytes.Buffer
		args := append(c.args[:2:2], append([]string{"--config", config}, c.args[2:]...)...)
		if got := run(t.Context(), args, strings.NewReader(""), &out, &out, os.Environ()); got != c.status || !strings.Contains(out.String(), c.want) {
			t.Errorf("dwell %q: exit status %d, want %d and %q in\n%s", c.args, got, c.status, c.want, &out)
		}
	}
}
