package main

import (
	"errors"
	"io"
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
