package source

import (
	"bufio"
	"bytes"
	"encoding/json"
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

// Events reads a file of structured CloudEvents, one per line. It is not safe for concurrent use.
type Events struct {
	in      io.Reader
	decoder *event.Decoder
	now     func() time.Time
	tally   Tally
}

// NewEvents reads events from in, which gzip or zstd may have packed. Now is the latest time that a record may have; it is
// called for each line, since the file may be a pipe that lasts.
func NewEvents(in io.Reader, voc *event.Vocabulary, now func() time.Time) *Events {
	return &Events{in, event.NewDecoder(voc, MaxSkew), now, newTally("event")}
}

// Tally returns what the lines have become so far. Which events are duplicates is not known before they are counted.
func (q *Events) Tally() *Tally { return &q.tally }

// Records yields a record for each line that is not empty. For a line that cannot be used it yields a *LineError and
// continues; any other error is of the file itself, and the last.
func (q *Events) Records() iter.Seq2[event.Record, error] {
	return func(yield func(event.Record, error) bool) {
		in, err := unpack(q.in)
		if err != nil {
			yield(event.Record{}, err)
			return
		}
		text, err := plain(in, nil)
		if err != nil {
			yield(event.Record{}, err)
			return
		}
		lines := bufio.NewReaderSize(text, maxLine+len("\r\n"))
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
				yield(event.Record{}, end)
				return
			}
		}
	}
}

func (q *Events) line(number int, text []byte, yield func(event.Record, error) bool) bool {
	q.tally.Lines++
	r, why := read(q.decoder, text, q.now())
	if why != nil {
		return q.refuse(number, text, why, yield)
	}
	q.tally.Taken++
	return yield(r, nil)
}

func (q *Events) refuse(number int, text []byte, why *event.Rejection, yield func(event.Record, error) bool) bool {
	q.tally.Refused[why.Reason]++
	return yield(event.Record{}, &LineError{Line: number, Reason: why.Reason, Text: why.Error(), Bytes: text})
}

// read is the record of a line. The key is the subject, and the time that of the recording; both must be known before the
// event is decoded.
func read(decoder *event.Decoder, line []byte, now time.Time) (event.Record, *event.Rejection) {
	var head struct {
		Subject      string    `json:"subject"`
		Time         time.Time `json:"time"`
		RecordedTime time.Time `json:"recordedtime"`
	}
	r := event.StructuredRecord(nil, bytes.Clone(line), 0)
	if err := json.Unmarshal(line, &head); err == nil {
		r.Key = []byte(head.Subject)
	}
	if r.Time = head.RecordedTime.UnixMilli(); head.RecordedTime.IsZero() {
		r.Time = head.Time.UnixMilli()
	}
	r.Time = min(r.Time, now.UnixMilli())
	decoder.Reset()
	var e event.Event
	if why := decoder.Decode(&r, &e); why != nil {
		return r, why
	}
	r.SetAllPartitions(e.OfPlace())
	return r, nil
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
