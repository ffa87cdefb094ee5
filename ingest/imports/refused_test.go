package imports

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/letters"
	"dwell/ingest/source"
)

// letterBox is the topic and the table of dead letters.
type letterBox struct {
	topic, table []string
	fails        string
}

func (b *letterBox) DeadLetters(_ context.Context, letters ...event.DeadLetter) error {
	for _, d := range letters {
		b.topic = append(b.topic, fmt.Sprintf("%s %s", d.Detail, d.Value))
	}
	return nil
}

func (b *letterBox) NewDeadLetters(_ context.Context, letters []event.DeadLetter) (fresh []event.DeadLetter, err error) {
	for _, d := range letters {
		if !slices.Contains(b.table, d.Origin.String()) {
			fresh = append(fresh, d)
		}
	}
	return fresh, nil
}

func (b *letterBox) WriteDeadLetters(_ context.Context, letters []event.DeadLetter) error {
	if b.fails != "" {
		return errors.New(b.fails)
	}
	for _, d := range letters {
		b.table = append(b.table, d.Origin.String())
	}
	return nil
}

// A file has a line that cannot be read, grows by another, and a file of the same name has something else at the same place.
func TestRefusedLineIsOneLetter(t *testing.T) {
	box := &letterBox{}
	file := func(lines ...string) (err error) {
		r := NewRefused("queues.csv", letters.Writer{Topic: box, Table: box}, func() time.Time { return time.UnixMilli(7) })
		for i, text := range lines {
			line := []byte(text)
			err = errors.Join(err, r.Add(t.Context(), &source.LineError{Line: i + 2, Reason: event.UnreadableLine, Text: "it is bad", Bytes: line}))
			clear(line) // as the reader does that goes on
		}
		return errors.Join(err, r.Flush(t.Context()))
	}
	for _, lines := range [][]string{{"a,b"}, {"a,b", "c,d"}, {"a,b", "c,d"}, {"e"}} {
		if err := file(lines...); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"unreadable_line: it is bad a,b", "unreadable_line: it is bad c,d", "unreadable_line: it is bad e"}; !slices.Equal(box.topic, want) {
		t.Errorf("the topic has %q, want %q", box.topic, want)
	}
	if len(box.table) != 3 || !strings.HasPrefix(box.table[1], "import/queues.csv@") || !strings.HasSuffix(box.table[1], "/3") {
		t.Errorf("the table has %q", box.table)
	}
	box.fails = "no disk"
	if err := file("f"); err == nil {
		t.Error("a letter that could not be stored is no error")
	}
}

// All lines of a large file are refused.
func TestManyRefusedLinesAreWrittenAsTheyCome(t *testing.T) {
	box := &letterBox{}
	r := NewRefused("events.jsonl", letters.Writer{Topic: box, Table: box}, time.Now)
	for i := range maxLetters + 1 {
		if err := r.Add(t.Context(), &source.LineError{Line: i, Reason: event.NotJSON, Text: "not_json", Bytes: []byte("?")}); err != nil {
			t.Fatal(err)
		}
	}
	if len(box.table) != maxLetters {
		t.Errorf("%d letters are written before the end of the file, want %d", len(box.table), maxLetters)
	}
}

// Of a line with a column for each class of vehicle, two readings are refused, also where it is the last one that is gathered.
func TestLineOfSeveralRefusedReadingsIsOneLetterWithAllDetails(t *testing.T) {
	box := &letterBox{}
	r := NewRefused("queues.csv", letters.Writer{Topic: box, Table: box}, time.Now)
	for line := range maxLetters {
		for _, class := range []string{"trucks", "buses"} {
			if err := r.Add(t.Context(), &source.LineError{Line: line, Reason: event.InvalidField, Text: class + " is no number", Bytes: []byte("x,y")}); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := r.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	const want = "invalid_field: trucks is no number; invalid_field: buses is no number x,y"
	if len(box.topic) != maxLetters || box.topic[0] != want || box.topic[maxLetters-1] != want {
		t.Errorf("%d letters, the first is %q, the last %q", len(box.topic), box.topic[0], box.topic[len(box.topic)-1])
	}
}
