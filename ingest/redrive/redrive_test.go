package redrive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
)

// journal is a log and the marks, in the order in which they were written.
type journal struct {
	lines []string
	fails string // the line that cannot be written
}

func (j *journal) write(line string) error {
	if line == j.fails {
		return errors.New("no broker")
	}
	j.lines = append(j.lines, line)
	return nil
}

func (j *journal) Write(_ context.Context, records ...event.Record) error {
	for i := range records {
		if from := records[i].Forwarded(); from != nil {
			return fmt.Errorf("sent as a copy from %s", from)
		}
		var of []byte
		for _, h := range records[i].Headers {
			if string(h.Key) == header {
				of = h.Value
			}
		}
		if err := j.write(fmt.Sprintf("sent %s of letter %s, all partitions %v", records[i].Key, of, records[i].AllPartitions())); err != nil {
			return err
		}
	}
	return nil
}

func (j *journal) Redriven(_ context.Context, of event.Origin) error {
	return j.write(fmt.Sprintf("marked %v", of))
}

func letter(offset int64, typ, subject, data string) *event.DeadLetter {
	value := fmt.Sprintf(`{"specversion":"1.0","id":"%d","source":"/post","type":"dwell.%s.v1","subject":%q,"time":"2026-01-05T08:00:00Z","data":{"bcp":"TORKHAM"%s}}`,
		offset, typ, subject, data)
	r := event.StructuredRecord(nil, []byte(value), 0)
	r.SetForwarded(1)
	r.Headers = append(slices.Clip(r.Headers), event.Header{Key: []byte(header), Value: []byte("topic/dwell.events/1/1")}) // it was redriven before
	return &event.DeadLetter{Record: r, Origin: event.RecordOrigin("dwell.events", 3, offset)}
}

func redrive(t *testing.T, j *journal) (sent int, refused []string, err error) {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	letters := []*event.DeadLetter{
		letter(7, "truck.arrived", "T1", `,"direction":"inbound"`),
		letter(8, "truck.arrived", "T2", ``), // still without a direction
		letter(9, "bcp.closed", "TORKHAM", ``),
		letter(10, "truck.arrived", "T3", `,"direction":"inbound"`), // of a visit that is not kept
	}
	judge := func(e *event.Event) *event.Rejection {
		if string(e.Subject) == "T3" {
			return &event.Rejection{Reason: event.TooOld}
		}
		return nil
	}
	now := func() time.Time { return time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC) }
	sent, err = Run(t.Context(), letters, event.NewDecoder(voc, time.Minute), judge, now, j, j, func(d *event.DeadLetter, why *event.Rejection) {
		refused = append(refused, d.Origin.String()+" "+string(why.Reason))
	})
	return sent, refused, err
}

func TestSentLettersAreMarkedAndRefusedOnesAreNot(t *testing.T) {
	var j journal
	sent, refused, err := redrive(t, &j)
	want := []string{
		"sent T1 of letter topic/dwell.events/3/7, all partitions false", "marked topic/dwell.events/3/7",
		"sent TORKHAM of letter topic/dwell.events/3/9, all partitions true", "marked topic/dwell.events/3/9",
	}
	if err != nil || sent != 2 || !slices.Equal(j.lines, want) || !slices.Equal(refused, []string{"topic/dwell.events/3/8 missing_field", "topic/dwell.events/3/10 too_old"}) {
		t.Errorf("sent %d, refused %q, %v\n%q", sent, refused, err, j.lines)
	}
}

func TestLetterThatKafkaDoesNotAcknowledgeIsNotMarked(t *testing.T) {
	j := journal{fails: "sent TORKHAM of letter topic/dwell.events/3/9, all partitions true"}
	sent, _, err := redrive(t, &j)
	if err == nil || sent != 1 || !slices.Equal(j.lines, []string{"sent T1 of letter topic/dwell.events/3/7, all partitions false", "marked topic/dwell.events/3/7"}) {
		t.Errorf("sent %d, %v\n%q", sent, err, j.lines)
	}
}
