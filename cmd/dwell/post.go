package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"dwell/dashboards/visible"
	"dwell/ingest/event"
	"dwell/ingest/receiver"
	"dwell/ingest/receiver/client"
	"dwell/ingest/source"
)

type postCommand struct {
	File      string        `arg:"" help:"A file of CloudEvents, one per line; - is standard input."`
	URL       string        `name:"url" required:"" help:"Address of the dwell, as of its page: https://dwell.example.org."`
	TokenFile string        `type:"path" help:"File of the token, which dwell token create printed there; without it, the environment variable DWELL_TOKEN."`
	Lines     int           `default:"500" help:"How many events a request has at most."`
	RetryFor  time.Duration `default:"5m" help:"How long a request is tried again."`
	Gzip      bool          `help:"Pack requests with gzip, for a slow line."`
	Again     bool          `help:"Post the whole file, also what an earlier run has posted."`
}

// Help says what happens when it is interrupted.
func (*postCommand) Help() string {
	return `Each request is tried again until it is answered. How far a file is answered is kept beside it, in FILE.posted: the same command
again goes on behind that, as after an interruption, or once the file has grown. What is posted twice counts once.`
}

// tokenVariable is the environment variable of the token.
const tokenVariable = "DWELL_TOKEN="

func (c *postCommand) Run(ctx context.Context, e *env) (err error) {
	if c.Lines < 1 || c.Lines > receiver.MaxEvents {
		return fmt.Errorf("--lines %d: it is not in 1..%d", c.Lines, receiver.MaxEvents)
	}
	secret, err := c.token(e.environ)
	if err != nil {
		return err
	}
	to, err := client.New(c.URL, secret, c.RetryFor, func(why error, wait time.Duration) {
		_, _ = fmt.Fprintf(e.err, "tried again in %v: %s\n", wait.Round(time.Millisecond), visible.Text(why.Error()))
	})
	if err != nil {
		return fmt.Errorf("--url: %w", err)
	}
	to.Gzip = c.Gzip
	file, closing, err := c.open(ctx, e)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closing()) }()
	if c.File != stdin {
		none := errors.New("the first lines are not CloudEvents in JSON, one a line; nothing was posted")
		if err := mayBeEvents(file, source.BeginsWithEvents, none); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
	}
	sum, err := c.send(ctx, e, to, file)
	_, _ = fmt.Fprintln(e.out, sumLine(&sum))
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", c.File, err)
	case sum.Refused > 0:
		return fmt.Errorf("%s: events that were refused: %d; they are dead letters there", c.File, sum.Refused)
	}
	return nil
}

// open opens the file. Of one that can be read but once, such as a pipe, no more than its bytes are known.
func (c *postCommand) open(ctx context.Context, e *env) (file io.Reader, closing func() error, err error) {
	if c.File == stdin {
		in := unblocked(ctx, e.in)
		return in, in.Close, nil
	}
	f, err := openInput(ctx, c.File)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	if !info.Mode().IsRegular() {
		in := unblocked(ctx, f)
		return in, func() error { return errors.Join(in.Close(), f.Close()) }, nil
	}
	return f, f.Close, nil
}

// token reads the token, which no command line should have: other users can read that.
func (c *postCommand) token(environ []string) (string, error) {
	if c.TokenFile != "" {
		text, err := os.ReadFile(c.TokenFile)
		if err != nil {
			return "", fmt.Errorf("--token-file: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	for _, pair := range environ {
		if secret, ok := strings.CutPrefix(pair, tokenVariable); ok && secret != "" {
			return secret, nil
		}
	}
	return "", errors.New("a token is needed, as dwell token create prints it: name its file with --token-file, or set DWELL_TOKEN")
}

// send posts the file behind what an earlier run has posted of it.
func (c *postCommand) send(ctx context.Context, e *env, to *client.Client, file io.Reader) (client.Sum, error) {
	bad := 0
	s := client.Sender{
		Client: to, Lines: c.Lines,
		Refused: func(line int64, why receiver.Unusable) {
			if bad++; bad <= maxBadLines {
				_, _ = fmt.Fprintf(e.err, "line %d: %s\n", line, visible.Text(why.Detail))
			}
		},
		Answered: func(client.Progress) error { return nil },
	}
	seeker, seekable := file.(io.Seeker)
	if !seekable || c.File == stdin {
		return s.Send(ctx, file, client.Progress{})
	}
	kept := c.File + ".posted"
	s.Answered = func(p client.Progress) error {
		if err := client.WriteProgress(kept, p); err != nil {
			return fmt.Errorf("how far the file is posted could not be kept: %w", err)
		}
		return nil
	}
	var begun client.Progress
	if !c.Again {
		var err error
		if begun, err = client.ReadProgress(kept, to.Endpoint()); err != nil {
			return client.Sum{}, err
		}
	}
	sum, err := s.Send(ctx, file, begun)
	if errors.Is(err, client.ErrChanged) {
		_, _ = fmt.Fprintf(e.err, "%v; it is posted from its beginning\n", err)
		if _, err := seeker.Seek(0, io.SeekStart); err != nil {
			return client.Sum{}, err
		}
		return s.Send(ctx, file, client.Progress{})
	}
	return sum, err
}

// sumLine says the sum and its parts.
func sumLine(s *client.Sum) string {
	var b strings.Builder
	fmt.Fprintf(&b, "events: %d", s.Events)
	if s.Before > 0 {
		fmt.Fprintf(&b, ", posted before: %d", s.Before)
	}
	fmt.Fprintf(&b, ", taken: %d, duplicates: %d, refused: %d", s.Taken, s.Duplicates, s.Refused)
	for i, reason := range slices.SortedFunc(maps.Keys(s.Reasons), func(a, b event.Reason) int { return strings.Compare(string(a), string(b)) }) {
		fmt.Fprintf(&b, "%s%d %s", []string{" (", ", "}[min(i, 1)], s.Reasons[reason], visible.Text(string(reason)))
	}
	if len(s.Reasons) > 0 {
		b.WriteString(")")
	}
	return b.String()
}
