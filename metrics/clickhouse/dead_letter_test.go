package clickhouse

import (
	"errors"
	"slices"
	"testing"
	"time"

	"dwell/ingest/event"
	"dwell/metrics/engine"
)

// fromEverywhere has a dead letter of the topic of events, and others whose origins have the same partition, number or name.
func fromEverywhere(topic string) (letters []event.DeadLetter) {
	for i, o := range []event.Origin{
		event.RecordOrigin(topic, 2, 7),
		event.RecordOrigin("gate", 2, 8),
		{Kind: event.FromImport, Name: topic, Part: 0, Number: 8},
		{Kind: event.FromImport, Name: "i'1/2026", Part: 0, Number: 7},
		{Kind: event.FromRequest, Name: topic, Part: 0, Number: 8},
	} {
		letters = append(letters, event.DeadLetter{
			Origin: o, Reason: event.NotJSON, Detail: o.String(), Record: event.Record{Time: int64(1000 - i), AppendTime: true, Key: []byte{}, Value: []byte("?")},
		})
	}
	return letters
}

func TestDeadLettersOfEachOriginAreListedAndRedriven(t *testing.T) {
	cfg := fresh(t)
	cfg.Topic = "dwell.events"
	s := open(t, cfg, vocabulary(t))
	want := fromEverywhere(cfg.Topic)
	for range 2 {
		if err := s.WriteRaw(t.Context(), 2, &engine.Raw{DeadLetters: want}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(q DeadLettersQuery) (all []string) {
		t.Helper()
		q.Limit = 100
		err := s.DeadLetters(t.Context(), q, func(d *event.DeadLetter, redriven time.Time) error {
			if d.Detail != d.Origin.String() {
				t.Errorf("the letter of %v is listed as %v", d.Detail, d.Origin)
			}
			if name := d.Origin.String(); redriven.IsZero() {
				all = append(all, name)
			} else {
				all = append(all, name+" redriven")
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	var left, marked []string
	for i := range want {
		name := want[i].Origin.String()
		marked = append(marked, name)
		left = append(left, name)
	}
	if got := list(DeadLettersQuery{}); !slices.Equal(got, left) {
		t.Fatalf("the list is %q, want %q", got, left)
	}
	for i := range want {
		o := want[i].Origin
		if err := s.Redriven(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		d, redriven, err := s.DeadLetter(t.Context(), o)
		if err != nil || d.Origin != o || d.Detail != o.String() || redriven.IsZero() {
			t.Fatalf("the letter of %v is %+v, redriven %v, %v", o, d, redriven, err)
		}
		marked[i] += " redriven"
		if got := list(DeadLettersQuery{}); !slices.Equal(got, marked) {
			t.Errorf("after %v was redriven, the list is %q, want %q", o, got, marked)
		}
		if got := list(DeadLettersQuery{NotRedriven: true}); !slices.Equal(got, left[i+1:]) {
			t.Errorf("after %v was redriven, what was not is %q, want %q", o, got, left[i+1:])
		}
	}
	if _, _, err := s.DeadLetter(t.Context(), event.RecordOrigin(cfg.Topic, 2, 8)); !errors.Is(err, ErrNoDeadLetter) {
		t.Errorf("the letter of an offset that has none: %v", err)
	}
}

// A shard's records are those of its topic. What came in another way has numbers of its own.
func TestOnlyDeadLettersOfTheTopicAreRecordsOfAShard(t *testing.T) {
	cfg := fresh(t)
	cfg.Topic = "dwell.events"
	s := open(t, cfg, vocabulary(t))
	for _, shard := range []int{0, 2} {
		if err := s.WriteRaw(t.Context(), shard, &engine.Raw{DeadLetters: fromEverywhere(cfg.Topic)}); err != nil {
			t.Fatal(err)
		}
	}
	for shard, want := range map[int][]int64{0: nil, 2: {7}} {
		records, err := s.RecordsOf(t.Context(), shard, 0, 100)
		var got []int64
		for i := range records {
			if got = append(got, records[i].Offset); !records[i].AppendTime {
				t.Errorf("record %d lost that the broker gave it its time", records[i].Offset)
			}
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("shard %d has the records %v, %v; want %v", shard, got, err, want)
		}
		if n, err := s.RecordsBefore(t.Context(), shard, 100); err != nil || n != int64(len(want)) {
			t.Errorf("shard %d has %d records, %v; want %d", shard, n, err, len(want))
		}
		from := int64(0)
		for _, offset := range want {
			from = offset + 1
		}
		if r, err := s.WriteRetention(t.Context(), shard, engine.Retention{Visits: day}); err != nil || r.From != from {
			t.Errorf("a retention of shard %d holds from %d, %v; want %d", shard, r.From, err, from)
		}
	}
}

// A recount judges what a batch that could not be read left as what it was.
func TestUnreadableBatchIsJudgedAgainAsWhatItIs(t *testing.T) {
	cfg := fresh(t)
	cfg.Topic = "dwell.events"
	s := open(t, cfg, vocabulary(t))
	r := event.Record{Offset: 5, Time: 1000, Value: []byte("\x00\x01bytes"), Unreadable: "offsets 5 to 9, 7 bytes: gzip: \"unexpected\" EOF"}
	decoder := event.NewDecoder(vocabulary(t), 0)
	judge := func(r *event.Record) event.DeadLetter {
		why := decoder.Decode(r, &event.Event{})
		if why == nil {
			t.Fatal("it is an event")
		}
		return event.DeadLetter{Record: *r, Origin: event.RecordOrigin(cfg.Topic, 2, r.Offset), Reason: why.Reason, Detail: why.Error()}
	}
	want := judge(&r)
	if err := s.WriteRaw(t.Context(), 2, &engine.Raw{DeadLetters: []event.DeadLetter{want}}); err != nil {
		t.Fatal(err)
	}
	records, err := s.RecordsOf(t.Context(), 2, 0, 10)
	if err != nil || len(records) != 1 {
		t.Fatal(records, err)
	}
	got := judge(&records[0])
	if got.Reason != event.UnreadableBatch || got.Detail != want.Detail || got.Offset != 5 || string(got.Value) != string(want.Value) {
		t.Errorf("judged again: %+v, want %+v", got, want)
	}
}

// A recount judges the records of the topic again, and no others.
func TestRecountKeepsDeadLettersFromElsewhere(t *testing.T) {
	cfg := fresh(t)
	cfg.Topic = "dwell.events"
	s := open(t, cfg, vocabulary(t))
	if err := s.WriteRaw(t.Context(), 2, &engine.Raw{DeadLetters: fromEverywhere(cfg.Topic)}); err != nil {
		t.Fatal(err)
	}
	r, err := s.BeginRecount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(r.CopyOtherLetters(t.Context()), r.Swap(t.Context())); err != nil {
		t.Fatal(err)
	}
	var want []string
	for _, d := range fromEverywhere(cfg.Topic)[1:] {
		want = append(want, d.Detail)
	}
	var got []string
	err = s.conn.QueryRow(t.Context(), "SELECT groupArray(detail) FROM (SELECT detail FROM dead_letters ORDER BY logged DESC)").Scan(&got)
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("after a recount there are letters of %q, %v; want %q", got, err, want)
	}
}
