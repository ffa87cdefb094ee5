package source

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"iter"
	"time"

	"dwell/ingest/event"
)

// MaxSkew is how far an event may be after its recording. The time of a record is that of the recording: whether the clock
// was right when the file was written is long decided. But nothing was recorded after now: one event from the future would
// carry the watermark there, and every open visit would lapse.
const MaxSkew = 5 * time.Minute

// Events reads a file of structured CloudEvents, one per line or in one list. It is not safe for concurrent use.
type Events struct {
	in      io.Reader
	decoder *event.Decoder
	now     func() time.Time
	tally   Tally
	event   event.Event
}

// NewEvents reads events from in, which gzip or zstd may have packed. Now is the latest time that a record may have; it is
// called for each line, since the file may be a pipe that lasts.
func NewEvents(in io.Reader, decoder *event.Decoder, now func() time.Time) *Events {
	return &Events{in: in, decoder: decoder, now: now, tally: newTally("event")}
}

// Tally returns what the lines have become so far. Which events are duplicates is not known before they are counted.
func (q *Events) Tally() *Tally { return &q.tally }

// Lines yields the event of each line that is not empty. For a line that cannot be used it yields a *LineError and
// continues; any other error is of the file itself, and the last.
func (q *Events) Lines() iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		in, err := unpack(q.in)
		if err != nil {
			yield(Line{}, err)
			return
		}
		text, err := plain(in, nil)
		if err != nil {
			yield(Line{}, err)
			return
		}
		lines := bufio.NewReaderSize(text, maxLine+len("\r\n"))
		if first, err := firstSign(lines); err == nil && first == '[' {
			q.list(lines, yield)
			return
		}
		for n := 1; ; n++ {
			line, long, end := readLine(lines)
			text := bytes.TrimSpace(line)
			switch {
			case long:
				q.tally.Lines++
				if !q.refuse(n, line, &event.Rejection{Reason: event.TooLarge, Field: "message"}, yield) {
					return
				}
			case len(text) > 0:
				if !q.line(n, text, yield) {
					return
				}
			case len(line) > 0:
				q.tally.Skipped++
			}
			if errors.Is(end, io.EOF) {
				return
			}
			if end != nil {
				yield(Line{}, end)
				return
			}
		}
	}
}

// list yields the events of a document that is a list.
func (q *Events) list(in *bufio.Reader, yield func(Line, error) bool) {
	q.tally.unit = "object"
	objects := newJSON(in, nil, nil)
	for {
		n, _, err := objects.next()
		var bad *LineError
		again := false
		switch {
		case errors.Is(err, io.EOF):
			return
		case errors.As(err, &bad) && bad.Reason == event.TooLarge:
			q.tally.Lines++
			again = q.refuse(n, objects.raw(), &event.Rejection{Reason: event.TooLarge, Field: "message"}, yield)
		case err != nil && !errors.As(err, &bad):
			yield(Line{}, err)
			return
		default:
			again = q.line(n, objects.raw(), yield)
		}
		if !again {
			return
		}
	}
}

func (q *Events) line(number int, text []byte, yield func(Line, error) bool) bool {
	q.tally.Lines++
	r, why := q.read(text)
	if why != nil {
		return q.refuse(number, text, why, yield)
	}
	q.tally.Taken++
	return yield(Line{Number: number, Event: &q.event, Message: text, Recorded: r}, nil)
}

func (q *Events) refuse(number int, text []byte, why *event.Rejection, yield func(Line, error) bool) bool {
	q.tally.Refused[why.Reason]++
	return yield(Line{}, &LineError{Line: number, Unit: q.tally.unit, Reason: why.Reason, Text: why.Error(), Bytes: text})
}

// read reads the event of a line, and returns the time of its record: that of the recording.
func (q *Events) read(line []byte) (recorded int64, why *event.Rejection) {
	r := event.StructuredRecord(nil, line, 0)
	q.decoder.Reset()
	why = q.decoder.DecodeMessage(&r, func(e *event.Event) int64 { return min(e.Recorded, q.now().UnixMilli()) }, &q.event)
	return r.Time, why
}

// readLine reads a line, with its end; it is valid until the next call. Of one that is longer than the buffer the beginning alone is
// kept: a small packed file may have a line of any length.
func readLine(in *bufio.Reader) (line []byte, long bool, err error) {
	line, err = in.ReadSlice('\n')
	for errors.Is(err, bufio.ErrBufferFull) {
		if !long {
			line, long = bytes.Clone(line[:min(len(line), keptOfLine)]), true
		}
		_, err = in.ReadSlice('\n')
	}
	return line, long, err
}
