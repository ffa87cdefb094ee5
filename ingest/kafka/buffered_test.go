package kafka

import (
	"fmt"
	"testing"

	"dwell/ingest/event"
)

// A file is imported before its topic exists. Records that could not be written are written later, once.
func TestBufferedKeepsRecordsUntilTheyAreWritten(t *testing.T) {
	cfg := config(start(t, 1))
	cfg.Topic = "imported"
	to := NewBuffered(producer(t, cfg))
	var want []string
	add := func() error {
		want = append(want, fmt.Sprint(len(want)))
		return to.Add(t.Context(), event.Record{Key: []byte("T1"), Value: []byte(want[len(want)-1]), Time: 1})
	}
	for range bufferedRecords - 1 {
		if err := add(); err != nil {
			t.Fatal(err)
		}
	}
	if err := add(); err == nil || to.Written() != 0 {
		t.Errorf("%d records are written into a topic that does not exist, error %v", to.Written(), err)
	}
	if _, err := EnsureTopics(t.Context(), cfg, NewTopic{Name: cfg.Topic, Partitions: 1, Replication: 1}); err != nil {
		t.Fatal(err)
	}
	if err := add(); err != nil || to.Written() != bufferedRecords+1 {
		t.Errorf("%d records are written, want %d, error %v", to.Written(), bufferedRecords+1, err)
	}
	if err := add(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := to.Flush(t.Context()); err != nil || to.Written() != bufferedRecords+2 {
			t.Errorf("%d records are written, want %d, error %v", to.Written(), bufferedRecords+2, err)
		}
	}
	l := newLedger()
	_, stop := consume(t, cfg, l)
	l.until(t, "all are stored", func() bool { return l.total() >= len(want) })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, map[int][]string{0: want})
}
