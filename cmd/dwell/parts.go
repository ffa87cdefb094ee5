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
	failed  chan error
}

type part struct {
	name   string
	cancel context.CancelFunc
	done   chan struct{}
	err    error
}

func newParts(out io.Writer) *parts { return &parts{out: out, failed: make(chan error, 64)} }

// start runs a part until stop. The part does not stop by itself: if its run ends before, that is a failure, unless it
// returns errFinished.
func (p *parts) start(ctx context.Context, name string, run func(context.Context) error) *part {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	one := &part{name: name, cancel: cancel, done: make(chan struct{})}
	p.running = append(p.running, one)
	go func() {
		defer close(one.done)
		one.err = run(ctx)
		switch {
		case ctx.Err() != nil, errors.Is(one.err, errFinished):
		case one.err == nil:
			p.failed <- fmt.Errorf("%s stopped by itself", name)
		default:
			p.failed <- fmt.Errorf("%s: %w", name, one.err)
		}
	}()
	return one
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
	case err := <-p.failed:
		return err
	}
}

// stop ends all parts, the last first, and joins their errors.
func (p *parts) stop() error {
	var errs []error
	for _, one := range slices.Backward(p.running) {
		one.cancel()
		<-one.done
		if one.err != nil && !errors.Is(one.err, context.Canceled) && !errors.Is(one.err, errFinished) {
			errs = append(errs, fmt.Errorf("%s: %w", one.name, one.err))
		}
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
		case err := <-p.failed:
			return err
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
