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

// byteOrderMark is what some editors put before the first line.
var byteOrderMark = []byte("\ufeff")

// Events yields a record for each structured CloudEvent of a file, one per line; empty lines are skipped. For a line that
// cannot be used it yields a *LineError and continues; any other error is of the file itself, and the last. Now is the
// latest time that a record may have; it is called for each line, since the file may be a pipe that lasts.
func Events(in io.Reader, voc *event.Vocabulary, now func() time.Time) iter.Seq2[event.Record, error] {
	decoder := event.NewDecoder(voc, MaxSkew)
	lines := bufio.NewReaderSize(in, 1<<20)
	return func(yield func(event.Record, error) bool) {
		for n := 1; ; n++ {
			line, end := readLine(lines)
			if n == 1 {
				line = bytes.TrimPrefix(line, byteOrderMark)
			}
			if text := bytes.TrimSpace(line); len(text) > 0 {
				r, why := read(decoder, text, now())
				var err error
				if why != nil {
					err = &LineError{Line: n, Reason: why.Error()}
				}
				if !yield(r, err) {
					return
				}
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

// readLine reads a line of any length; it is valid until the next call.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if !errors.Is(err, bufio.ErrBufferFull) {
		return line, err
	}
	line = bytes.Clone(line) // the next read overwrites it
	rest, err := r.ReadBytes('\n')
	return append(line, rest...), err
}
