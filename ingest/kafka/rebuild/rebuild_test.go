package rebuild

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
)

// counted is what was counted of the old topic.
type counted struct {
	records []event.Record
	err     error
	// next is the first offset that was not counted; asked is called with each question for it.
	next  int64
	asked func()
}

func (c *counted) Records(_ context.Context, do func(event.Record) error) error {
	for _, r := range c.records {
		if err := do(r); err != nil {
			return err
		}
	}
	return c.err
}

func (c *counted) Next(context.Context, int) (int64, error) {
	if c.asked != nil {
		c.asked()
	}
	return c.next, nil
}

func vocabulary(t *testing.T) *event.Vocabulary {
	t.Helper()
	voc, err := event.NewVocabulary([]string{"TORKHAM"}, []string{"customs"})
	if err != nil {
		t.Fatal(err)
	}
	return voc
}

// old is a topic with one truck's arrival.
func old(t *testing.T) kafka.Config {
	t.Helper()
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{brokertest.Start(t, brokertest.Topic(cfg.Topic, 1))}
	p, err := kafka.NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := p.Write(t.Context(), event.StructuredRecord([]byte("T1"), []byte("{}"), 1)); err != nil {
		t.Fatal(err)
	}
	return cfg
}

func rebuild(ctx context.Context, t *testing.T, from kafka.Config, stored Stored) (of, others int, err error) {
	t.Helper()
	return Run(ctx, from, Topic{Name: "new", Partitions: 3, Replication: 1}, vocabulary(t), stored, slog.New(slog.DiscardHandler))
}

// The operator interrupts a rebuild before it has read the old topic.
func TestInterruptedRebuildIsNotSaidToBeComplete(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	of, others, err := rebuild(ctx, t, old(t), &counted{asked: interrupt})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%d counted and %d uncounted events are copied, error %v", of, others, err)
	}
}

func TestRebuildCopiesCountedAndUncountedRecords(t *testing.T) {
	from := old(t)
	of, others, err := rebuild(t.Context(), t, from, &counted{records: []event.Record{{Key: []byte("T0"), Value: []byte("?")}}})
	if err != nil || of != 1 || others != 1 {
		t.Errorf("%d counted and %d uncounted events are copied, error %v", of, others, err)
	}
	_, _, err = rebuild(t.Context(), t, from, &counted{})
	if want := `topic "new" exists already; give the name of a new one`; err == nil || err.Error() != want {
		t.Errorf("a second time: error %v, want %s", err, want)
	}
}

// Both old partitions have a copy of Torkham's closing, which has another edition, and one has the arrival of a truck.
func TestEachNewPartitionGetsAFactAboutAPlaceOnce(t *testing.T) {
	from, voc := old(t), vocabulary(t)
	closed := event.NewRecord(voc, &event.Event{
		Type: event.BCPClosed, ID: []byte("1"), Source: []byte("/post"), Subject: []byte("TORKHAM"), BCP: 1, Time: 1_767_600_000_000, Recorded: 1_767_600_000_000,
	}, 1_767_600_000_000)
	again := event.NewRecord(voc, &event.Event{
		Type: event.BCPClosed, ID: []byte("1"), Source: []byte("/post"), Edition: 1, Subject: []byte("TORKHAM"), BCP: 1, Time: 1_767_600_000_000, Recorded: 1_767_600_000_000,
	}, 1_767_600_000_000)
	of, _, err := rebuild(t.Context(), t, from, &counted{records: []event.Record{closed, again, closed.Clone()}})
	if err != nil || of != 2 {
		t.Fatalf("%d counted events are copied, want 2, error %v", of, err)
	}
	from.Topic = "new"
	ends, err := kafka.Ends(t.Context(), from)
	sum := 0
	for _, end := range ends {
		if sum += int(end); end < 1 {
			t.Errorf("a partition lacks the closing: they end at %v", ends)
		}
	}
	if err != nil || sum != 2*len(ends)+1 {
		t.Errorf("the partitions end at %v, %v, want both editions of the closing in each and the arrival in one", ends, err)
	}
}

// A truck's arrival was forwarded, and its release has no key. In the new topic both have the truck as their key, and nothing says where they were.
func TestEachEventGetsItsSubjectAsItsKey(t *testing.T) {
	from, voc := old(t), vocabulary(t)
	fact := func(typ event.Type) event.Record {
		const at = 1_767_600_000_000
		return event.NewRecord(voc, &event.Event{
			Type: typ, ID: []byte(typ.String()), Source: []byte("/post"), Subject: []byte("T7"), BCP: 1, Direction: event.Inbound, Time: at, Recorded: at,
		}, at)
	}
	arrived, released := fact(event.TruckArrived), fact(event.TruckReleased)
	arrived.SetForwarded(2)
	released.Key = nil
	if _, _, err := rebuild(t.Context(), t, from, &counted{records: []event.Record{arrived, released}, next: 1}); err != nil {
		t.Fatal(err)
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(from.Brokers...), kgo.ConsumeTopics("new"), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var keys []string
	for len(keys) < 2 {
		fetches := c.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			keys = append(keys, string(r.Key))
			if len(r.Headers) != 1 {
				t.Errorf("%s has the headers %+v", r.Value, r.Headers)
			}
		})
	}
	if keys[0] != "T7" || keys[1] != "T7" {
		t.Errorf("the keys are %q", keys)
	}
}

func TestErrorOfTheStoreIsReportedAsItIs(t *testing.T) {
	gone := errors.New("read table events: connection refused")
	if _, _, err := rebuild(t.Context(), t, old(t), &counted{err: gone}); !errors.Is(err, gone) || err.Error() != gone.Error() {
		t.Errorf("error is %v, want %v", err, gone)
	}
}

// The group rebalances in the middle of a partition, whose next handler must not copy again what the first one has.
func TestReopenedPartitionIsNotCopiedTwice(t *testing.T) {
	cfg := kafka.DefaultConfig()
	cfg.Brokers = []string{"127.0.0.1:1"} // nothing is written before the buffer is full
	p, err := kafka.NewProducer(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	c := newCopier(p, vocabulary(t))
	handler := func(next int64) *uncounted {
		u := &uncounted{partition: 3, to: c, stored: &counted{next: 7}, next: func(int64) {}}
		if got, err := u.Open(t.Context(), 3); err != nil || got != next {
			t.Fatalf("a handler begins at %d, %v, want %d", got, err, next)
		}
		return u
	}
	if err := handler(7).Handle(t.Context(), kafka.Batch{Records: []event.Record{{Offset: 7}, {Offset: 9}}, Next: 11}); err != nil {
		t.Fatal(err)
	}
	handler(10)
	if c.added != 2 {
		t.Errorf("%d records are copied, want 2", c.added)
	}
}
