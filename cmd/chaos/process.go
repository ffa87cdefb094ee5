package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// process is a program that is restarted many times, with one log file.
type process struct {
	name string
	args []string
	env  []string
	log  string
	// startLine is the line that it prints when it has started.
	startLine string
	// dependent is set if it needs other processes to start: if it exits before it has started, it is restarted, as a supervisor
	// would do. Others must always start.
	dependent bool
	// exitMessage is the message of a deliberate exit to avoid data loss, after which it is restarted too; empty if it has no
	// such exit.
	exitMessage string

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.WriteCloser
	begun int64         // where its log began
	ended chan struct{} // closed when cmd has ended
	// stopping is set when an exit is requested.
	stopping bool
	// unexpected is the error of an exit that was not requested. restarts counts failed starts and deliberate exits.
	unexpected error
	restarts   int
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stopping = false
	return p.launch()
}

// launch starts it; mu is held.
func (p *process) launch() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	info, err := log.Stat()
	if err != nil {
		return err
	}
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe() // the embedded ClickHouse ends when it closes
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	p.cmd, p.stdin, p.begun, p.ended = cmd, stdin, info.Size(), make(chan struct{})
	go p.watch(cmd, p.ended)
	return nil
}

// watch records its exit.
func (p *process) watch(cmd *exec.Cmd, ended chan struct{}) {
	_ = cmd.Wait()     // the state says more
	defer close(ended) // when it is recorded: what waits for the end may start it again at once
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stopping {
		return
	}
	restartable := p.dependent && !p.started() || p.exitMessage != "" && p.printed(p.exitMessage)
	if !restartable {
		p.unexpected = fmt.Errorf("%s ended by itself, %v:\n%s", p.name, cmd.ProcessState, tail(p.log))
		return
	}
	p.restarts++
	time.AfterFunc(300*time.Millisecond, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.stopping && p.cmd == cmd {
			p.unexpected = p.launch()
		}
	})
}

// started reports whether it has started since it was launched.
func (p *process) started() bool { return p.printed(p.startLine) }

// printed reports whether it has printed a text since it was launched.
func (p *process) printed(what string) bool {
	text, err := os.ReadFile(p.log)
	return err != nil || bytes.Contains(text[p.begun:], []byte(what))
}

// kill ends it at once.
func (p *process) kill() error {
	_, err := p.end(syscall.SIGKILL)
	return err
}

// stop sends it SIGTERM, and fails unless it exits with 0.
func (p *process) stop() error {
	ran, err := p.end(syscall.SIGTERM)
	if err != nil || !ran || !p.started() { // a process that is still starting may not handle the signal yet
		return err
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s was asked to stop and exited with %d:\n%s", p.name, code, tail(p.log))
	}
	return nil
}

// end sends the signal, waits until it has exited, and returns whether it was running.
func (p *process) end(how syscall.Signal) (ran bool, err error) {
	p.mu.Lock()
	p.stopping = true
	ended := p.ended
	p.mu.Unlock()
	select {
	case <-ended:
		return false, nil
	default:
	}
	if err := p.signal(how); err != nil {
		return true, err
	}
	<-ended
	return true, nil
}

// freeze stops it (SIGSTOP), thaw continues it.
func (p *process) freeze() error { return p.signal(syscall.SIGSTOP) }
func (p *process) thaw() error   { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

// memory returns its resident memory in KiB.
func (p *process) memory() (int, error) {
	p.mu.Lock()
	pid := p.cmd.Process.Pid
	p.mu.Unlock()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	m := resident.FindSubmatch(text)
	if m == nil {
		return 0, fmt.Errorf("%s: /proc/%d/status has no VmRSS", p.name, pid)
	}
	return strconv.Atoi(string(m[1]))
}

// failure returns the error of an exit that was not requested.
func (p *process) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unexpected
}

// tail returns the last lines of a log file.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}
