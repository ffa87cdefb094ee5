package imports

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
	"dwell/ingest/letters"
	"dwell/ingest/source"
)

// Refused makes dead letters of the lines of a file that became no event. They are safe after the Flush that follows. A line that is
// refused again at the same place in a file of the same name is the same letter, and is not written again; one with several readings that
// are refused is one letter with all details. It is not for concurrent use.
type Refused struct {
	file   string
	to     letters.Writer
	now    func() time.Time
	gather map[event.Origin]event.DeadLetter
	order  []event.Origin
	bytes  int
}

// NewRefused is for the lines of a file of this name, without its folder.
func NewRefused(file string, to letters.Writer, now func() time.Time) *Refused {
	return &Refused{file: file, to: to, now: now, gather: map[event.Origin]event.DeadLetter{}}
}

// Of a flush: how many letters, and bytes of lines.
const maxLetters, maxLetterBytes = 1000, 4 << 20

// Add takes a line; its bytes are copied.
func (r *Refused) Add(ctx context.Context, bad *source.LineError) error {
	detail := bad.Text
	if !strings.HasPrefix(detail, string(bad.Reason)) {
		detail = string(bad.Reason) + ": " + detail
	}
	o := LineOrigin(r.file, bad.Line, bad.Bytes)
	if l, again := r.gather[o]; again { // a line of several readings
		l.Detail += "; " + detail
		r.gather[o] = l
		return nil
	}
	if len(r.order) >= maxLetters || r.bytes >= maxLetterBytes {
		if err := r.Flush(ctx); err != nil {
			return err
		}
	}
	r.gather[o] = event.DeadLetter{
		Origin: o, Reason: bad.Reason, Detail: detail,
		Record: event.Record{Time: r.now().UnixMilli(), Key: []byte{}, Value: bytes.Clone(bad.Bytes)},
	}
	r.order = append(r.order, o)
	r.bytes += len(bad.Bytes)
	return nil
}

// Flush writes what has been gathered.
func (r *Refused) Flush(ctx context.Context) error {
	all := make([]event.DeadLetter, len(r.order))
	for i, o := range r.order {
		all[i] = r.gather[o]
	}
	if err := r.to.Write(ctx, all); err != nil {
		return err
	}
	clear(r.gather)
	r.order, r.bytes = r.order[:0], 0
	return nil
}

// LineOrigin is the origin of a line of a file: the name of the file with the xxHash64 of the line's bytes, since files of one name may
// have other lines at the same place, and the line's number.
func LineOrigin(file string, line int, text []byte) event.Origin {
	return event.Origin{Kind: event.FromImport, Name: fmt.Sprintf("%s@%016x", file, xxhash.Sum64(text)), Number: int64(line)}
}
