package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"dwell/ingest/event"
	"dwell/ingest/receiver"
)

// Sum is what became of the events of a file: Events is the sum of Before, Taken, Duplicates and Refused.
type Sum struct {
	Events int64
	// Before were answered in an earlier run.
	Before                     int64
	Taken, Duplicates, Refused int64
	// Reasons are those of the refused events.
	Reasons map[event.Reason]int64
}

// Progress is how far a file has been answered: Bytes of it, which end with a line and have the SHA-256 Hash in hexadecimal.
type Progress struct {
	Endpoint string `json:"endpoint"`
	Bytes    int64  `json:"bytes"`
	Hash     string `json:"sha256"`
	// Lines and Events are how many the bytes have; an empty line has no event.
	Lines  int64 `json:"lines"`
	Events int64 `json:"events"`
}

// Sender posts a file of events, one a line, in requests of some hundred.
type Sender struct {
	Client *Client
	// Lines is how many events a request has at most.
	Lines int
	// Refused is called with each event that was refused, and the number of its line, from 1.
	Refused func(line int64, why receiver.Unusable)
	// Answered is called after each answer with how far the file has been answered.
	Answered func(Progress) error
}

// requestBytes is from how many bytes on a request is sent. Proxies take a megabyte unless they are told otherwise.
const requestBytes = 256 << 10

// ErrChanged says that a file does not begin with what was answered in an earlier run.
var ErrChanged = errors.New("the file does not begin with what was posted before")

// Send posts what follows in a file after begun, the progress of an earlier run. Sum counts what was answered, also where there is an error.
func (s *Sender) Send(ctx context.Context, file io.Reader, begun Progress) (sum Sum, err error) {
	sum = Sum{Events: begun.Events, Before: begun.Events, Reasons: map[event.Reason]int64{}}
	in := newLineReader(file)
	if err := in.skip(begun); err != nil {
		return sum, err
	}
	var p part
	for {
		line, end := in.next()
		if len(line) > 0 {
			p.add(line, in.lines+1)
		}
		if end == nil {
			in.pass()
			if len(p.lines) < s.Lines && p.bytes < requestBytes {
				continue
			}
		}
		if len(p.lines) > 0 {
			if err := s.post(ctx, &sum, p); err != nil {
				return sum, err
			}
			p = part{}
		}
		if !in.within() { // otherwise the line may be about to grow, so the next run begins before it
			if err := s.Answered(in.progress(s.Client.Endpoint(), sum.Events)); err != nil {
				return sum, err
			}
		}
		switch {
		case errors.Is(end, io.EOF):
			return sum, nil
		case end != nil:
			return sum, end
		}
	}
}

// part is the events of a request.
type part struct {
	lines   [][]byte
	numbers []int64 // of the lines in the file
	bytes   int
}

func (p *part) add(line []byte, number int64) {
	p.lines, p.numbers, p.bytes = append(p.lines, bytes.Clone(line)), append(p.numbers, number), p.bytes+len(line)+1
}

// post sends the events, in halves where the server, or a proxy in front of it, takes less at once.
func (s *Sender) post(ctx context.Context, sum *Sum, p part) error {
	count, err := s.Client.Post(ctx, bytes.Join(p.lines, []byte("\n")))
	if _, large := errors.AsType[*TooLargeError](err); large && len(p.lines) > 1 {
		half := len(p.lines) / 2
		if err := s.post(ctx, sum, part{lines: p.lines[:half], numbers: p.numbers[:half]}); err != nil {
			return err
		}
		return s.post(ctx, sum, part{lines: p.lines[half:], numbers: p.numbers[half:]})
	}
	if err != nil {
		return fmt.Errorf("line %d: %w", p.numbers[0], err)
	}
	if count.Events != len(p.lines) {
		return fmt.Errorf("line %d: the answer is about %d events, and %d were sent", p.numbers[0], count.Events, len(p.lines))
	}
	sum.Events += int64(count.Events)
	sum.Taken += int64(count.Taken)
	sum.Duplicates += int64(count.Duplicates)
	sum.Refused += int64(count.Refused)
	for _, why := range count.Refusals {
		if why.Index < 0 || why.Index >= len(p.numbers) {
			return fmt.Errorf("line %d: the answer refuses an event that was not sent, with the index %d", p.numbers[0], why.Index)
		}
		sum.Reasons[why.Reason]++
		s.Refused(p.numbers[why.Index], why)
	}
	return nil
}
