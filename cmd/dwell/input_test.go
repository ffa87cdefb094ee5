//go:build unix

package main

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A writer has opened a pipe and says nothing. SIGTERM ends the import, and so it does where a line has no end.
func TestSignalEndsAnImportThatWaitsForItsInput(t *testing.T) {
	for _, says := range []string{"nothing", "an endless line"} {
		for _, kind := range []string{"events", "readings"} {
			t.Run(kind+" of a pipe that says "+says, func(t *testing.T) {
				dir := t.TempDir()
				pipe := filepath.Join(dir, "pipe")
				if err := syscall.Mkfifo(pipe, 0o600); err != nil {
					t.Fatal(err)
				}
				p := dwell(t, "import", kind, pipe, "--data", filepath.Join(dir, "data"))
				var errs strings.Builder
				p.Stderr = &errs
				if err := p.Start(); err != nil {
					t.Fatal(err)
				}
				writer, err := os.OpenFile(pipe, os.O_WRONLY, 0) // as soon as the import has opened it
				if err != nil {
					t.Fatal(err)
				}
				defer func() { _ = writer.Close() }()
				if says != "nothing" {
					for range 100 {
						if _, err := writer.WriteString(strings.Repeat("x", 1<<16)); err != nil {
							break // an import of readings has refused it
						}
					}
				}
				endsWith(t, p, 1, syscall.SIGTERM)
				if says == "nothing" && !strings.Contains(errs.String(), "dwell: interrupted: ") {
					t.Errorf("it says %q", errs.String())
				}
			})
		}
	}
}

// endsWith sends signals to a process, which ends with a status.
func endsWith(t *testing.T, p *exec.Cmd, status int, signals ...os.Signal) {
	t.Helper()
	for _, s := range signals {
		if err := p.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Fatal(err)
		}
	}
	late := time.AfterFunc(time.Minute, func() { _ = p.Process.Kill() })
	_ = p.Wait()
	if !late.Stop() || p.ProcessState.ExitCode() != status {
		t.Errorf("it ended with %v, want status %d", p.ProcessState, status)
	}
}

// Standard input is a terminal, a pipe to nobody, or waits for something: no read of it outlives the command.
func TestStandardInputThatSaysNothingIsLeft(t *testing.T) {
	for _, args := range [][]string{{"source", "try", "-"}, {"sql", "-"}, {"post", "-", "--url", "http://127.0.0.1:1"}} {
		ctx, interrupt := context.WithCancel(t.Context())
		in, writer := io.Pipe()
		ended := make(chan int)
		var out, errs strings.Builder
		go func() { ended <- run(ctx, args, in, &out, &errs, []string{"DWELL_TOKEN=secret"}) }()
		if _, err := writer.Write([]byte("a")); err != nil { // it reads
			t.Fatal(err)
		}
		interrupt()
		if code := <-ended; code != 1 || !strings.Contains(errs.String(), "dwell: interrupted: ") {
			t.Errorf("dwell %v: exit status %d, %q", args, code, errs.String())
		}
		_ = writer.Close()
	}
}

// A script starts dwell in its background, where SIGINT is ignored. The first signal begins an ordered stop, and the second one does not wait for it.
func TestSecondSignalEndsTheProcess(t *testing.T) {
	for second, status := range map[os.Signal]int{os.Interrupt: 130, syscall.SIGTERM: 143} {
		p := exec.CommandContext(t.Context(), "sh", "-c", `trap "" INT; exec "$0"`, os.Args[0])
		p.Env = append(os.Environ(), "DWELL_TEST_HANGS=1")
		out, err := p.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
		says := bufio.NewReader(out)
		for _, line := range []string{"runs\n", "stops\n"} {
			if is, err := says.ReadString('\n'); err != nil || is != line {
				t.Fatalf("%q, %v, want %q", is, err, line)
			}
			if line == "runs\n" {
				if err := p.Process.Signal(syscall.SIGTERM); err != nil {
					t.Fatal(err)
				}
			}
		}
		endsWith(t, p, status, second)
	}
}
