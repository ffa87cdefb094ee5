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
	// serving is the line that it prints when it has started.
	serving string
	// needs says that it depends on others to start: if it exits before it has started it is restarted, as a supervisor
	// would do. Programs without needs must always start.
	needs bool
	// gives is the message of a deliberate exit to avoid data loss, after which it is restarted too; empty if it has no such exit.
	gives string

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.WriteCloser
	begun int64         // where its log began
	ended chan struct{} // closed when cmd has ended
	asked bool          // to end
	// unexpected is the error of an exit that was not requested. again is how often it failed to start.
	unexpected error
	again      int
}

func (p *process) start() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked = false
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
	stdin, err := cmd.StdinPipe() // closing it shows some that their parent is gone
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
	_ = cmd.Wait() // the state says more
	close(ended)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.asked {
		return
	}
	gaveUp := p.needs && !p.served() || p.gives != "" && p.said(p.gives)
	if !gaveUp {
		p.unexpected = fmt.Errorf("%s ended by itself, %v:\n%s", p.name, cmd.ProcessState, tail(p.log))
		return
	}
	p.again++
	time.AfterFunc(300*time.Millisecond, func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		if !p.asked && p.cmd == cmd {
			p.unexpected = p.launch()
		}
	})
}

// served says whether it has started since it was launched.
func (p *process) served() bool { return p.said(p.serving) }

// said says whether it has printed something since it was launched.
func (p *process) said(what string) bool {
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
	if err != nil || !ran || !p.served() { // a process that is still starting may not handle the signal yet
		return err
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s was asked to stop and exited with %d:\n%s", p.name, code, tail(p.log))
	}
	return nil
}

// end sends the signal, waits, and says whether it was running.
func (p *process) end(how syscall.Signal) (ran bool, err error) {
	p.mu.Lock()
	p.asked = true
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

// memory is its resident memory in KiB.
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
		return 0, fmt.Errorf("%s has no memory", p.name)
	}
	return strconv.Atoi(string(m[1]))
}

// failure is the error of an exit that was not requested.
func (p *process) failure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.unexpected
}

// tail is the end of a log file.
func tail(path string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}
