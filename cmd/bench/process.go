package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"
)

// process is a started program, whose output goes to a log file.
type process struct {
	name, log string
	cmd       *exec.Cmd
	ended     chan struct{} // closed when it has
	mu        sync.Mutex
	highest   int64 // resident bytes of it and all below it, as sampled
}

// startProcess starts a program in a group of its own: an interrupt of the terminal is for bench, which ends the others.
func startProcess(name, log string, env []string, args ...string) (*process, error) {
	out, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return nil, err
	}
	defer func() { _ = out.Close() }() // the child has its own
	p := &process{name: name, log: log, cmd: exec.Command(args[0], args[1:]...), ended: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), env...)
	p.cmd.Stdout, p.cmd.Stderr = out, out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if _, err := p.cmd.StdinPipe(); err != nil { // closing it shows some that their parent is gone
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	go p.watch()
	return p, nil
}

// watch samples its memory until it has exited.
func (p *process) watch() {
	stop := make(chan struct{})
	var sampling sync.WaitGroup
	sampling.Go(func() {
		tick := time.NewTicker(250 * time.Millisecond)
		defer tick.Stop()
		for {
			now := residentBelow(p.cmd.Process.Pid)
			p.mu.Lock()
			p.highest = max(p.highest, now)
			p.mu.Unlock()
			select {
			case <-stop:
				return
			case <-tick.C:
			}
		}
	})
	_ = p.cmd.Wait() // ProcessState says more than the error
	close(stop)
	sampling.Wait()
	close(p.ended)
}

// used waits for the process to end and returns its CPU time, with that of its descendants that it waited for.
func (p *process) used() time.Duration {
	<-p.ended
	return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
}

// peak returns the largest sampled memory of the process and its descendants, in bytes; 0 if the process ended before the first
// sample.
func (p *process) peak() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.highest
}

// stop terminates it, and kills it if it does not exit in time.
func (p *process) stop() error {
	err := p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
		<-p.ended
		return fmt.Errorf("%s did not end and was killed", p.name)
	}
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// waitUntil waits for a condition while the process runs.
func (p *process) waitUntil(ctx context.Context, what string, every time.Duration, is func() (bool, error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		ok, err := is()
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("timed out waiting until %s: %w\n%s", what, context.Cause(ctx), tail(p.log))
		case <-p.ended:
			return fmt.Errorf("%s ended before %s, %v:\n%s", p.name, what, p.cmd.ProcessState, tail(p.log))
		case <-tick.C:
		}
	}
}

// tail is the end of a log file.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-20):], []byte("\n")))
}
