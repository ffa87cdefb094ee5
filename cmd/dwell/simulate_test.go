package main

import (
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// full is a file on a full disk.
func full(t *testing.T) string {
	t.Helper()
	const file = "/dev/full"
	if _, err := os.Stat(file); err != nil {
		t.Skip(err)
	}
	return file
}

// A truth that lacks visits would make an audit report differences.
func TestTruthThatCannotBeWrittenIsAnError(t *testing.T) {
	for _, duration := range []time.Duration{3 * time.Hour, 48 * time.Hour} { // the buffer is written at the end, and before
		simulate := simulateCommand{
			From: "2026-01-05", For: duration, Seed: 1, Speed: "max", Out: filepath.Join(t.TempDir(), "events.jsonl"), Truth: full(t),
		}
		err := simulate.Run(t.Context(), &env{strings.NewReader(""), io.Discard, io.Discard, nil})
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "--truth") {
			t.Errorf("%v of simulation: %v", duration, err)
		}
	}
}

func TestEventsThatCannotBeWrittenAreOneError(t *testing.T) {
	for _, duration := range []time.Duration{3 * time.Hour, 48 * time.Hour} {
		simulate := simulateCommand{From: "2026-01-05", For: duration, Seed: 1, Speed: "max", Out: full(t)}
		err := simulate.Run(t.Context(), &env{strings.NewReader(""), io.Discard, io.Discard, nil})
		if !errors.Is(err, syscall.ENOSPC) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v of simulation: %v", duration, err)
		}
	}
}

// A simulation overtakes the present when it has made up for its beginning, at its speed.
func TestSimulationEndsWhereItOvertakesThePresent(t *testing.T) {
	now := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	day := 24 * time.Hour
	for _, c := range []struct {
		from, length time.Duration // from is before now
		speed        float64
		want         time.Duration // after now
	}{
		{10 * day, 5 * day, math.Inf(1), -5 * day},
		{10 * day, 20 * day, math.Inf(1), 0},
		{10 * day, 20 * day, 11, day},
		{10 * day, 10 * day, 11, 0},
		{10 * day, 20 * day, 1.001, 10 * day},
		{10 * day, 20 * day, 1 + 1e-12, 10 * day},
		{0, 20 * day, 1, 20 * day},
		{10 * day, 20 * day, 0.5, 10 * day},
	} {
		got, err := untilPresent(now.Add(-c.from), now.Add(c.length-c.from), now, c.speed)
		if err != nil || got.Sub(now) != c.want {
			t.Errorf("%+v: until %v after now, %v", c, got.Sub(now), err)
		}
	}
	if _, err := untilPresent(now.Add(time.Second), now.Add(day), now, 1); err == nil {
		t.Error("a simulation of the future was accepted")
	}
}

// Two days that began yesterday go into a data folder, and then a third day into the same folder once a demo has it.
func TestSimulationStopsAtThePresentButForADemo(t *testing.T) {
	data := filepath.Join(t.TempDir(), "data")
	simulate := func(length time.Duration) (out string) {
		t.Helper()
		var b strings.Builder
		c := simulateCommand{From: time.Now().UTC().Add(-24 * time.Hour).Format(time.RFC3339), For: length, Seed: 1, Speed: "max", folderFlags: folderFlags{Data: data}}
		if err := c.Run(t.Context(), &env{strings.NewReader(""), &b, io.Discard, nil}); err != nil {
			t.Fatal(err)
		}
		return b.String()
	}
	const stops = "when it reaches the present: later events would be dead letters (future_time)"
	if out := simulate(48 * time.Hour); !strings.Contains(out, stops) || !strings.Contains(out, "simulated") {
		t.Errorf("the command says:\n%s", out)
	}
	if err := os.WriteFile(demoFile(data), []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := simulate(26 * time.Hour); strings.Contains(out, stops) {
		t.Errorf("into the folder of a demo the command says:\n%s", out)
	}
}
