// Package redrive sends dead letters again.
//
// It promises that a letter is marked as redriven only after Kafka has acknowledged its record. If the mark fails, the letter
// may be sent twice; it counts once, as every event does. It refuses a letter that would become a dead letter again, as far as is known before it is
// counted.
package redrive

import (
	"context"
	"time"

	"dwell/ingest/event"
)

// header is the key of the header with the origin of the dead letter that a record was made from.
const header = "dwell-redrive"

// Log writes records to Kafka; a write returns when they are acknowledged.
type Log interface {
	Write(ctx context.Context, records ...event.Record) error
}

// Marks stores which letters were redriven.
type Marks interface {
	Redriven(ctx context.Context, of event.Origin) error
}

// Judge is why an event will be refused when it is counted, nil where that is not known.
type Judge func(*event.Event) *event.Rejection

// Run sends the letters whose events are valid now by the decoder and the judge, and returns how many. They get the time now. Run calls refused
// for each of the others.
func Run(ctx context.Context, letters []*event.DeadLetter, decoder *event.Decoder, judge Judge, now func() time.Time,
	log Log, marks Marks, refused func(*event.DeadLetter, *event.Rejection),
) (sent int, err error) {
	for _, d := range letters {
		r, why := record(decoder, judge, d, now().UnixMilli())
		if why != nil {
			refused(d, why)
			continue
		}
		if err := log.Write(ctx, r); err != nil {
			return sent, err
		}
		if err := marks.Redriven(ctx, d.Origin); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// record returns the record to send for a dead letter. Its key is the subject of the event.
func record(decoder *event.Decoder, judge Judge, d *event.DeadLetter, now int64) (event.Record, *event.Rejection) {
	r := event.Record{Value: d.Value, Unreadable: d.Unreadable}
	for _, h := range d.Headers {
		if string(h.Key) != header {
			r.Headers = append(r.Headers, h)
		}
	}
	r.RemoveForwarded()
	decoder.Reset()
	var e event.Event
	if why := decoder.DecodeMessage(&r, func(*event.Event) int64 { return now }, &e); why != nil {
		return r, why
	}
	if why := judge(&e); why != nil {
		return r, why
	}
	r.Headers = append(r.Headers, event.Header{Key: []byte(header), Value: []byte(d.Origin.String())})
	r.SetAllPartitions(e.OfPlace())
	return r, nil
}
