package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// TestMain runs the tests, or the program whose clock they set: for each line read, that program prints its wall clock in
// Unix nanoseconds and the nanoseconds that its monotonic clock counted since the start.
func TestMain(m *testing.M) {
	if os.Getenv("CHAOS_PRINT_CLOCKS") == "" {
		os.Exit(m.Run())
	}
	start := time.Now()
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		now := time.Now()
		fmt.Println(now.UnixNano(), int64(now.Sub(start)))
	}
}

// An administrator sets a machine's clock back by a day and a half: the wall clock jumps, and timers go on evenly.
func TestSetClockMovesOnlyTheWallClock(t *testing.T) {
	if err := clocksCanBeSet(os.Args[0]); err != nil {
		t.Skip("this machine does not allow it: ", err)
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "CHAOS_PRINT_CLOCKS=1")
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	clock, err := startWithClock(cmd, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	defer clock.close()
	lines := bufio.NewReader(out)
	read := func() (wall time.Time, monotonic time.Duration) {
		t.Helper()
		if _, err := fmt.Fprintln(in); err != nil {
			t.Fatal(err)
		}
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		var nanoseconds int64
		if _, err := fmt.Sscan(strings.TrimSpace(line), &nanoseconds, &monotonic); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		return time.Unix(0, nanoseconds), monotonic
	}
	begin := time.Now()
	wall, before := read()
	if ahead := wall.Sub(begin); ahead < 59*time.Minute || ahead > 2*time.Hour {
		t.Errorf("from its start the wall clock is %v ahead, want an hour", ahead)
	}
	if err := clock.set(-36 * time.Hour); err != nil {
		t.Fatal(err)
	}
	wall, after := read()
	if behind := begin.Sub(wall); behind < 35*time.Hour || behind > 37*time.Hour {
		t.Errorf("the wall clock is %v behind, want 36 hours", behind)
	}
	if step := after - before; step < 0 || step > time.Hour {
		t.Errorf("the monotonic clock went %v, want what passed", step)
	}
	_ = in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
}
