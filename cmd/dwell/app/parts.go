package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// parts are what the program consists of, in the order in which they were started. They are stopped the other way
// round, each before the one it rests on.
type parts struct {
	out     io.Writer
	running []*Part
	failed  chan *Part
	doing   int // how long the line is that says what a part is doing
}

type Part struct {
	name     string
	cancel   context.CancelFunc
	done     chan struct{}
	err      error
	reported bool // err has been returned by wait or ready
}

func newParts(out io.Writer) *parts { return &parts{out: out, failed: make(chan *Part, 64)} }

// Go runs a part until Stop. A run that ends before is a failure.
func (p *parts) Go(ctx context.Context, name string, run func(context.Context) error) *Part {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &Part{name: name, cancel: cancel, done: make(chan struct{})}
	p.running = append(p.running, one)
	go func() {
		err := run(ctx)
		early := ctx.Err() == nil
		switch {
		case err == nil && early:
			one.err = fmt.Errorf("%s stopped by itself", name)
		case err != nil && (early || !errors.Is(err, context.Canceled)):
			one.err = fmt.Errorf("%s: %w", name, err)
		}
		close(one.done)
		if early {
			p.failed <- one
		}
	}()
	return one
}

// Stop ends the part before the others, and returns its error, once.
func (p *Part) Stop() error {
	p.cancel()
	return p.endError()
}

// endError waits for the part to end and returns its error, once.
func (p *Part) endError() error {
	<-p.done
	if p.reported {
		return nil
	}
	p.reported = true
	return p.err
}

// Say prints one line about a part, in place of what it was doing.
func (p *parts) Say(name, format string, args ...any) {
	line := fmt.Sprintf("%-12s%s", name, fmt.Sprintf(format, args...))
	if p.doing > 0 {
		line = fmt.Sprintf("\r%-*s", p.doing, line)
		p.doing = 0
	}
	_, _ = fmt.Fprintln(p.out, line)
}

// Wait blocks until ctx is done or a part fails.
func (p *parts) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case one := <-p.failed:
		return one.endError()
	}
}

// Stop ends all parts, the last first, and joins those errors that have not been returned yet.
func (p *parts) Stop() error {
	p.EndLine()
	var errs []error
	for _, one := range slices.Backward(p.running) {
		errs = append(errs, one.Stop())
	}
	p.running = nil
	return errors.Join(errs...)
}

// Doing says what a part is doing, in a line that the next one replaces; to a terminal alone.
func (p *parts) Doing(name, what string) {
	if screen, ok := p.out.(interface{ Terminal() bool }); !ok || !screen.Terminal() {
		return
	}
	line := fmt.Sprintf("%-12s%s", name, what)
	_, _ = fmt.Fprintf(p.out, "\r%-*s", p.doing, line)
	p.doing = len(line)
}

// EndLine gives what is printed next a line of its own, after one of Doing.
func (p *parts) EndLine() {
	if p.doing > 0 {
		_, _ = fmt.Fprintln(p.out)
		p.doing = 0
	}
}

// Ready waits until a part is, and fails early when any part does. While it takes longer than a second, it says what doing
// returns, each second; without doing, for how long the part has been starting.
func (p *parts) Ready(ctx context.Context, name string, is <-chan struct{}, doing func() string) error {
	begin := time.Now()
	if doing == nil {
		doing = func() string { return fmt.Sprintf("starting, %d s", int(time.Since(begin).Seconds())) }
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-is:
			return nil
		case one := <-p.failed:
			return one.endError()
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			p.Doing(name, doing())
		}
	}
}

// once makes a channel that is closed by the first call of the function.
func once() (<-chan struct{}, func()) {
	c := make(chan struct{})
	return c, sync.OnceFunc(func() { close(c) })
}
