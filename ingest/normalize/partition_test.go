package normalize_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"dwell/ingest/event"
	"dwell/ingest/letters"
	"dwell/ingest/normalize"
	"dwell/ingest/place"
	"dwell/ingest/source"
)

// topics are the topic of events, that of dead letters, and their table. The next write fails with fails.
type topics struct {
	said  []string
	fails error
}

func (t *topics) Write(_ context.Context, records ...event.Record) error {
	for i := range records {
		all := ""
		if records[i].AllPartitions() {
			all = " everywhere"
		}
		t.said = append(t.said, fmt.Sprintf("event %s%s", records[i].Key, all))
	}
	return t.failure()
}

func (t *topics) failure() error {
	err := t.fails
	t.fails = nil
	return err
}

func (t *topics) DeadLetters(_ context.Context, letters ...event.DeadLetter) error {
	for i := range letters {
		t.said = append(t.said, fmt.Sprintf("letter %s %s %q", letters[i].Origin, letters[i].Detail, letters[i].Value))
	}
	return nil
}

func (t *topics) NewDeadLetters(_ context.Context, letters []event.DeadLetter) ([]event.DeadLetter, error) {
	return letters, nil
}

func (t *topics) WriteDeadLetters(_ context.Context, letters []event.DeadLetter) error {
	t.said = append(t.said, fmt.Sprintf("table %d", len(letters)))
	return nil
}

// A gate's messages are lists of what happened. What can be used is written though others of the list are refused, and nothing is committed before
// all of it is acknowledged.
func TestEachMessageIsEventsOrADeadLetterBeforeItIsCommitted(t *testing.T) {
	book, err := place.Load("afghanistan")
	if err != nil {
		t.Fatal(err)
	}
	voc, err := book.Vocabulary()
	if err != nil {
		t.Fatal(err)
	}
	m, err := source.ParseMapping("gate", []byte(`
source: /gate
bcp: AF-NAN-TORKHAM
direction: inbound
columns: {subject: truck, type: what, time: at}
except: {what: PING}
events: [{}]
`))
	if err != nil {
		t.Fatal(err)
	}
	messages, err := source.NewMessages(m, voc, func(string) *time.Location { return time.UTC })
	if err != nil {
		t.Fatal(err)
	}
	log := &topics{}
	p := normalize.NewPartition("gate.events", 2, normalize.Parts{
		Translator: messages, Log: log, Refused: letters.Writer{Topic: log, Table: log},
		Now: func() time.Time { return time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC) },
		Commit: func(next int64, metadata string) {
			checkpoint, _, _ := strings.Cut(metadata, "@")
			log.said = append(log.said, fmt.Sprintf("commit %d %s", next, checkpoint))
		},
		Normalized: func(c normalize.Count) {
			if c.Records != c.Events+c.Refused+c.Passed {
				t.Errorf("%+v does not add up", c)
			}
			log.said = append(log.said, fmt.Sprintf("%+v", c))
		},
		Left: func(messages int64) { log.said = append(log.said, fmt.Sprintf("%d left", messages)) },
	})
	wants := func(want ...string) {
		t.Helper()
		if !slices.Equal(log.said, want) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(log.said, "\n"), strings.Join(want, "\n"))
		}
		log.said = nil
	}
	handle := func(next, end int64, records ...event.Record) {
		t.Helper()
		if err := p.Handle(records, next, end); err != nil {
			t.Fatal(err)
		}
	}
	one := func(what, truck string) string {
		return fmt.Sprintf(`{"what":%q,"truck":%q,"at":"2026-01-05T08:00:00Z"}`, what, truck)
	}
	list := "[" + one("truck.arrived", "T1") + "," + one("PING", "") + "," + one("truck.left", "T1") + "," + one("truck.departed", "") + "," + one("bcp.opened", "") + "]"
	handle(14, 20, event.Record{Offset: 10, Value: []byte(one("truck.arrived", "T0"))}, event.Record{Offset: 12, Value: []byte(list)},
		event.Record{Offset: 13, Unreadable: "crc", Value: []byte("bytes")})
	wants("10 left") // until they are written

	log.fails = errors.New("the leader is gone")
	if err := p.Write(t.Context()); err == nil || err.Error() != "the leader is gone" {
		t.Errorf("got %v", err)
	}
	refused := []string{
		fmt.Sprintf("letter topic/gate.events@%016x/2/12 ", xxhash.Sum64String(list)) + `unknown_type: record 3: what: "truck.left" is not the type of an event; name it in codes.type, or leave its records out by except; ` +
			`missing_field: record 4: truck is empty ` + fmt.Sprintf("%q", list),
		fmt.Sprintf("letter topic/gate.events@%016x/2/13 ", xxhash.Sum64String("bytes")) + `unreadable_batch: crc "bytes"`,
		"table 2",
	}
	events := []string{"event T0", "event T1", "event AF-NAN-TORKHAM everywhere"}
	wants(append(refused, events...)...)

	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants(append(append(refused, events...), "commit 14 dwell 12", "{Messages:3 Records:7 Events:3 Refused:3 Passed:1}", "6 left")...)

	// Nothing has arrived since, and how much there is is not known yet.
	handle(14, -1)
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants("{Messages:0 Records:0 Events:0 Refused:0 Passed:0}")

	// Transaction markers end the partition: their offsets are behind all messages.
	handle(20, 20)
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	wants("0 left", "commit 20 dwell 12", "{Messages:0 Records:0 Events:0 Refused:0 Passed:0}", "0 left")
}
