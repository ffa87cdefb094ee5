package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// The cost of a command includes that of its children.
func TestCPUTimeIncludesChildProcesses(t *testing.T) {
	log := filepath.Join(t.TempDir(), "log")
	p, err := startProcess("busy", log, nil, "sh", "-c", `sh -c 'i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; echo done'; exit 3`)
	if err != nil {
		t.Fatal(err)
	}
	if used := p.used(); used < 20*time.Millisecond || used > time.Minute {
		t.Errorf("it used %v", used)
	}
	if tail(log) != "done" || p.cmd.ProcessState.ExitCode() != 3 {
		t.Errorf("its output is %q, %v", tail(log), p.cmd.ProcessState)
	}
	never := func() (bool, error) { return false, nil }
	if err := p.waitUntil(t.Context(), "it is ready", time.Hour, never); err == nil || !strings.Contains(err.Error(), "busy ended before it is ready") {
		t.Errorf("waiting for it: %v", err)
	}
}

func TestStopEndsTheProcess(t *testing.T) {
	p, err := startProcess("idle", filepath.Join(t.TempDir(), "log"), nil, "sleep", "600")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := cpuOf(p.cmd.Process.Pid); err != nil {
		t.Error(err)
	}
	seen := func() (bool, error) { return p.peak() > 0, nil }
	if err := p.waitUntil(t.Context(), "its memory was sampled", time.Millisecond, seen); err != nil {
		t.Error(err)
	}
	if err := p.stop(); err != nil {
		t.Error(err)
	}
}
