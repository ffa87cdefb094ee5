package normalize_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/ingest/letters"
	"dwell/ingest/normalize"
	"dwell/ingest/source"
)

// gate is an agency's topic with one partition, and what is committed of it.
type gate struct {
	messages []event.Record
	first    int64 // what was before is deleted
	away     error
	damaged  bool // what is looked up cannot be read
	now      time.Time

	next      int64
	metadata  string
	unchecked []error
}

// anew is the topic after it was deleted, made anew and filled with messages.
func (g *gate) anew(words string, messages int) {
	g.messages, g.first = nil, 0
	g.say(words, messages)
}

func (g *gate) say(words string, messages int) {
	for range messages {
		g.messages = append(g.messages, event.Record{Offset: int64(len(g.messages)), Time: 1, Key: []byte("lane 1"), Value: []byte(words)})
	}
}

func (g *gate) Bounds(context.Context, int) (first, end int64, err error) {
	return g.first, int64(len(g.messages)), g.away
}

func (g *gate) Look(_ context.Context, _ int, offset int64) (event.Record, bool, error) {
	if offset < g.first {
		return event.Record{}, false, errors.New("offset out of range")
	}
	for _, m := range g.messages[offset:] {
		if m.Value != nil && !g.damaged { // compaction has removed it
			return m, true, g.away
		}
	}
	return event.Record{}, false, g.away
}

// passes passes each message over.
type passes struct{}

func (passes) Translate([]byte, string, time.Time, func(source.Line, error) error) (int, error) {
	return 1, nil
}

func (g *gate) open() *normalize.Partition {
	return normalize.NewPartition("gate.events", 0, normalize.Parts{
		Translator: passes{}, Log: &topics{}, Refused: letters.Writer{}, Topic: g,
		Now:        func() time.Time { return g.now },
		Commit:     func(next int64, metadata string) { g.next, g.metadata = next, metadata },
		Unchecked:  func(err error) { g.unchecked = append(g.unchecked, err) },
		Normalized: func(normalize.Count) {},
		Left:       func(int64) {},
	})
}

// read handles and writes the messages from one offset to another.
func (g *gate) read(p *normalize.Partition, from, to int) error {
	if err := p.Handle(g.messages[from:to], int64(to), int64(len(g.messages))); err != nil {
		return err
	}
	return p.Write(context.Background())
}

func (g *gate) checkpoint() string {
	text, _, _ := strings.Cut(g.metadata, "@")
	return fmt.Sprintf("%d, %s", g.next, text)
}

func wantsReread(t *testing.T, err error, why string) {
	t.Helper()
	var reread *normalize.RereadError
	if !errors.As(err, &reread) || reread.Why != why {
		t.Errorf("got %v\nwant %s", err, why)
	}
}

func (g *gate) wants(t *testing.T, err error, checkpoint string) {
	t.Helper()
	if is := g.checkpoint(); err != nil || is != checkpoint {
		t.Errorf("committed %s (%v), want %s", is, err, checkpoint)
	}
}

// A gate's topic is made anew and filled past what was read between two checks, and its new messages are read like those that follow. The next
// check has the message of the old topic still, and so does a process that starts before it.
func TestTopicThatWasMadeAnewIsReadFromItsBeginning(t *testing.T) {
	g := &gate{now: time.Unix(0, 0)}
	g.say("old", 100)
	p := g.open()
	g.wants(t, g.read(p, 0, 60), "60, dwell 59")
	g.now = g.now.Add(9 * time.Second)
	g.wants(t, g.read(p, 60, 80), "80, dwell 59")
	g.now = g.now.Add(time.Second)
	g.wants(t, g.read(p, 80, 100), "100, dwell 99")

	g.anew("new", 200)
	g.now = g.now.Add(9 * time.Second)
	g.wants(t, g.read(p, 100, 200), "200, dwell 99")
	const other = "it was made anew: at offset 99 it has another message than was read there"
	wantsReread(t, g.open().Resume(t.Context(), g.next, g.metadata), other)
	g.now = g.now.Add(time.Second)
	wantsReread(t, g.read(p, 200, 200), other)
	g.wants(t, nil, "200, dwell 99") // nothing more was committed

	p = g.open()
	g.wants(t, g.read(p, 0, 50), "50, dwell 49")

	g.anew("new", 20)
	wantsReread(t, g.open().Resume(t.Context(), g.next, g.metadata), "it was made anew, or has lost messages: it ends at offset 20, and offset 49 was read")
}

// The topic was made anew while dwell was stopped. What was committed of the old one is not compared with the new one a second time, so the new one is
// read once.
func TestTopicThatWasMadeAnewIsReadOnce(t *testing.T) {
	g := &gate{now: time.Unix(0, 0)}
	g.say("old", 10)
	g.wants(t, g.read(g.open(), 0, 10), "10, dwell 9")
	g.anew("new", 100)
	p := g.open()
	wantsReread(t, p.Resume(t.Context(), g.next, g.metadata), "it was made anew: at offset 9 it has another message than was read there")
	g.wants(t, g.read(p, 0, 50), "50, dwell 49")
	g.now = g.now.Add(time.Minute)
	g.wants(t, g.read(p, 50, 100), "100, dwell 99")
}

// The same words come at the same offset of a topic that was made anew, at another time.
func TestSameWordsAtAnotherTimeAreAnotherMessage(t *testing.T) {
	g := &gate{now: time.Unix(0, 0)}
	g.say("open", 3)
	g.wants(t, g.read(g.open(), 0, 3), "3, dwell 2")
	if err := g.open().Resume(t.Context(), g.next, g.metadata); err != nil {
		t.Error(err)
	}
	g.messages[2].Time++
	wantsReread(t, g.open().Resume(t.Context(), g.next, g.metadata), "it was made anew: at offset 2 it has another message than was read there")
}

// A checkpoint that retention or compaction has deleted says nothing, and a later one takes its place. One that cannot be compared stays.
func TestCheckpointMovesOnceItIsComparedOrDeleted(t *testing.T) {
	g := &gate{now: time.Unix(0, 0)}
	g.say("words", 100)
	g.wants(t, g.read(g.open(), 0, 60), "60, dwell 59")
	p := g.open()
	if err := p.Resume(t.Context(), g.next, g.metadata); err != nil {
		t.Error(err)
	}
	later := func() { g.now = g.now.Add(time.Minute) }
	later()
	g.away = errors.New("the leader is gone")
	g.wants(t, g.read(p, 60, 70), "70, dwell 59")
	if len(g.unchecked) != 1 || !errors.Is(g.unchecked[0], g.away) {
		t.Errorf("not compared because of %v", g.unchecked)
	}
	later()
	g.away, g.damaged = nil, true
	g.wants(t, g.read(p, 70, 70), "70, dwell 59")
	later()
	g.damaged, g.first = false, 65
	g.wants(t, g.read(p, 70, 80), "80, dwell 79")
	later()
	g.messages[79].Value = nil
	g.wants(t, g.read(p, 80, 90), "90, dwell 89")
	if len(g.unchecked) != 1 {
		t.Errorf("not compared because of %v", g.unchecked)
	}

	// The leader is gone as the partition is opened, and the topic was made anew: it is read on until the two can be compared.
	g.anew("new", 100)
	g.away = errors.New("the leader is gone")
	p = g.open()
	if err := p.Resume(t.Context(), g.next, g.metadata); err != nil {
		t.Error(err)
	}
	later()
	g.away = nil
	wantsReread(t, g.read(p, 90, 100), "it was made anew: at offset 89 it has another message than was read there")
}

// An offset that another consumer of the group has committed, or an earlier version, says nothing of what dwell has read.
func TestOffsetOfSomebodyElseIsNotResumed(t *testing.T) {
	g := &gate{now: time.Unix(0, 0)}
	g.say("words", 3)
	for _, metadata := range []string{"", "consumer-1", "dwell 2", "dwell 2@beef", "dwell 2@00000000000beef!", "dwell-2"} {
		wantsReread(t, g.open().Resume(t.Context(), 3, metadata),
			fmt.Sprintf("offset 3 was committed by somebody else, with metadata %q: another consumer has read in the group, or an earlier version of dwell", metadata))
	}
	p := g.open() // of which nothing but transaction markers was read
	if err := errors.Join(p.Resume(t.Context(), 1, "dwell"), g.read(p, 1, 1)); err != nil {
		t.Error(err)
	}
	g.wants(t, g.read(p, 1, 3), "3, dwell 2")
}
