package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"syscall"
)

// process is a program that is started again and again, with one log file. It is used by one goroutine at a time.
type process struct {
	name string
	args []string
	env  []string
	log  string

	mu    sync.Mutex
	cmd   *exec.Cmd
	stdin io.WriteCloser
	ended chan struct{}
	// unexpected says that it ended though nobody had told it to.
	unexpected error
	told       bool
}

func (p *process) start() error {
	log, err := os.OpenFile(p.log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd := exec.Command(p.args[0], p.args[1:]...)
	cmd.Env = append(os.Environ(), p.env...)
	cmd.Stdout, cmd.Stderr = log, log
	stdin, err := cmd.StdinPipe() // whose end tells some that their parent is gone
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	ended := make(chan struct{})
	p.mu.Lock()
	p.cmd, p.stdin, p.ended, p.told = cmd, stdin, ended, false
	p.mu.Unlock()
	go func() {
		_ = cmd.Wait() // the state says more
		p.mu.Lock()
		if !p.told {
			p.unexpected = fmt.Errorf("%s ended by itself, %v:\n%s", p.name, cmd.ProcessState, tail(p.log))
		}
		p.mu.Unlock()
		close(ended)
	}()
	return nil
}

// kill ends it at once.
func (p *process) kill() error { return p.end(syscall.SIGKILL) }

// stop asks it to end, and fails if that is not what it calls a success.
func (p *process) stop() error {
	if err := p.end(syscall.SIGTERM); err != nil {
		return err
	}
	if code := p.cmd.ProcessState.ExitCode(); code != 0 {
		return fmt.Errorf("%s was asked to stop and exited with %d:\n%s", p.name, code, tail(p.log))
	}
	return nil
}

func (p *process) end(how syscall.Signal) error {
	p.mu.Lock()
	p.told = true
	p.mu.Unlock()
	if err := p.signal(how); err != nil {
		return err
	}
	<-p.ended
	return nil
}

// freeze stops its clock hand, thaw lets it go on as if no time had passed.
func (p *process) freeze() error { return p.signal(syscall.SIGSTOP) }
func (p *process) thaw() error   { return p.signal(syscall.SIGCONT) }

func (p *process) signal(s syscall.Signal) error {
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	return nil
}

// failure is why it ended though nobody had told it to.
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
