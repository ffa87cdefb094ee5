// Package redrive sends dead letters again.
//
// It promises that a letter is marked as redriven only after it is safe in the log. If the mark fails the letter may be sent
// twice, and counts once, as every event does. It refuses a letter that would become a dead letter again.
package redrive

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"dwell/ingest/event"
)

// header names the dead letter that a record was.
const header = "dwell-redrive"

// Log takes the records; a write returns when they are safe.
type Log interface {
	Write(ctx context.Context, records ...event.Record) error
}

// Marks notes which letters were sent again.
type Marks interface {
	Redriven(ctx context.Context, partition int, offset int64) error
}

// Name is what a dead letter is called: its partition and offset, 3/1204.
func Name(d *event.DeadLetter) string { return fmt.Sprintf("%d/%d", d.Partition, d.Offset) }

// Run sends the letters that can be used now, as of now, and returns how many. Skew is how far an event may be after that
// time. Refused is called for each of the others.
func Run(ctx context.Context, letters []*event.DeadLetter, voc *event.Vocabulary, skew time.Duration, now func() time.Time,
	log Log, marks Marks, refused func(*event.DeadLetter, *event.Rejection),
) (sent int, err error) {
	decoder := event.NewDecoder(voc, skew)
	for _, d := range letters {
		r, why := record(decoder, d, now().UnixMilli())
		if why != nil {
			refused(d, why)
			continue
		}
		if err := log.Write(ctx, r); err != nil {
			return sent, err
		}
		if err := marks.Redriven(ctx, d.Partition, d.Offset); err != nil {
			return sent, err
		}
		sent++
	}
	return sent, nil
}

// record is that of a dead letter, keyed by what its event is about.
func record(decoder *event.Decoder, d *event.DeadLetter, now int64) (event.Record, *event.Rejection) {
	r := event.Record{Value: d.Value, Time: now}
	var head struct {
		Subject string `json:"subject"`
	}
	_ = json.Unmarshal(d.Value, &head) // the decoder refuses what is no JSON
	r.Key = []byte(head.Subject)
	for _, h := range d.Headers {
		if string(h.Key) == header {
			continue
		}
		r.Headers = append(r.Headers, h)
		if strings.EqualFold(string(h.Key), "ce_subject") {
			r.Key = h.Value
		}
	}
	decoder.Reset()
	var e event.Event
	if why := decoder.Decode(&r, &e); why != nil {
		return r, why
	}
	r.Headers = append(r.Headers, event.Header{Key: []byte(header), Value: []byte(Name(d))})
	r.SetEverywhere(e.OfPlace())
	return r, nil
}
