package main

import (
	"context"
	"io"
	"os"
)

// unblocked reads in until ctx ends, also while a pipe has nothing or a line has no end. What waits for in then waits beside it, until the process ends.
// Closing unblocks it, too.
func unblocked(ctx context.Context, in io.Reader) io.ReadCloser {
	r, w := io.Pipe()
	stop := context.AfterFunc(ctx, func() { _ = r.CloseWithError(context.Cause(ctx)) })
	go func() {
		_, err := io.Copy(w, in)
		stop()
		_ = w.CloseWithError(err) // a nil error is the end of the input
	}()
	return r
}

// openInput opens a file. That of a named pipe waits for a writer, until ctx ends.
func openInput(ctx context.Context, name string) (*os.File, error) {
	type file struct {
		*os.File
		err error
	}
	opened := make(chan file, 1)
	go func() {
		f, err := os.Open(name)
		opened <- file{f, err}
	}()
	select {
	case f := <-opened:
		return f.File, f.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
