package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// clockTick is the unit of times in /proc, which Linux has the same on every machine that Go runs on.
const clockTick = 10 * time.Millisecond

// cpuOf is the CPU time that a running process has used, without those below it.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// After the name in brackets, which may have spaces of its own, user and system time are the 12th and 13th field.
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(string(f), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/%d/stat: %q is not a time", pid, f)
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, nil
}

// residentBelow is the most memory that a process had resident since its program began, and with it that of all that it
// started and that still run. The kernel reports it for a child that has ended too, but with what its parent had before the
// child's program began.
func residentBelow(pid int) int64 {
	var bytesHeld int64
	if text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid)); err == nil {
		if _, rest, found := bytes.Cut(text, []byte("\nVmHWM:")); found {
			kilobytes, _ := strconv.ParseInt(string(bytes.Fields(rest)[0]), 10, 64)
			bytesHeld = kilobytes << 10
		}
	}
	tasks, err := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	if err != nil {
		return bytesHeld
	}
	for _, task := range tasks { // any thread may have started others
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/children", pid, task.Name()))
		if err != nil {
			continue
		}
		for _, f := range bytes.Fields(text) {
			if child, err := strconv.Atoi(string(f)); err == nil {
				bytesHeld += residentBelow(child)
			}
		}
	}
	return bytesHeld
}
