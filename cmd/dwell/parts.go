package main

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
	running []*part
	failed  chan *part
}

type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error
	told   bool // err has been returned by wait or ready
}

func newParts(out io.Writer) *parts { return &parts{out: out, failed: make(chan *part, 64)} }

// start runs a part until stop. The part does not stop by itself: if its run ends before, that is a failure, unless it
// returns errFinished.
func (p *parts) start(ctx context.Context, name string, run func(context.Context) error) *part {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &part{name: name, cancel: cancel, done: make(chan struct{})}
	p.running = append(p.running, one)
	go func() {
		err := run(ctx)
		early := ctx.Err() == nil && !errors.Is(err, errFinished)
		switch {
		case err == nil && early:
			one.err = fmt.Errorf("%s stopped by itself", name)
		case err != nil && (early || !errors.Is(err, context.Canceled) && !errors.Is(err, errFinished)):
			one.err = fmt.Errorf("%s: %w", name, err)
		}
		close(one.done)
		if early {
			p.failed <- one
		}
	}()
	return one
}

// tell returns a part's error, once.
func (p *part) tell() error {
	<-p.done
	if p.told {
		return nil
	}
	p.told = true
	return p.err
}

// errFinished is returned by a part that has done all it was for.
var errFinished = errors.New("finished")

// say prints one line about a part.
func (p *parts) say(name, format string, args ...any) {
	_, _ = fmt.Fprintf(p.out, "%-12s%s\n", name, fmt.Sprintf(format, args...))
}

// wait blocks until ctx is done or a part fails.
func (p *parts) wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case one := <-p.failed:
		return one.tell()
	}
}

// stop ends all parts, the last first, and joins those errors that have not been returned yet.
func (p *parts) stop() error {
	var errs []error
	for _, one := range slices.Backward(p.running) {
		one.cancel()
		errs = append(errs, one.tell())
	}
	p.running = nil
	return errors.Join(errs...)
}

// ready waits until a part is, and fails early when any part does. While it takes longer than a second, it says so.
func (p *parts) ready(ctx context.Context, name string, is <-chan struct{}) error {
	begin := time.Now()
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	said := false
	for {
		select {
		case <-is:
			if said {
				_, _ = fmt.Fprintln(p.out)
			}
			return nil
		case one := <-p.failed:
			return one.tell()
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
			said = true
			_, _ = fmt.Fprintf(p.out, "\r%-12sstarting, %d s", name, int(time.Since(begin).Seconds()))
		}
	}
}

// once makes a channel that is closed by the first call of the function.
func once() (<-chan struct{}, func()) {
	c := make(chan struct{})
	return c, sync.OnceFunc(func() { close(c) })
}
