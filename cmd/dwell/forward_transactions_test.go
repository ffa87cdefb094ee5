package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// gateSoftware sends records in transactions to the partitions that it chooses.
type gateSoftware struct {
	*kgo.Client
	t *testing.T
}

func newGateSoftware(t *testing.T, s *app.System, id string) gateSoftware {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(s.Config.Kafka.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(s.Config.Kafka.Topic), kgo.TransactionalID(id))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return gateSoftware{c, t}
}

// begin sends records in a transaction, and leaves it open.
func (g gateSoftware) begin(choose func(r *event.Record) int, records ...event.Record) {
	g.t.Helper()
	if err := g.BeginTransaction(); err != nil {
		g.t.Fatal(err)
	}
	for i := range records {
		r := records[i]
		k := &kgo.Record{Value: r.Value, Partition: int32(choose(&r)), Key: r.Key, Timestamp: time.UnixMilli(r.Time)}
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kgo.RecordHeader{Key: string(h.Key), Value: h.Value})
		}
		g.Produce(g.t.Context(), k, func(_ *kgo.Record, err error) {
			if err != nil {
				g.t.Error(err)
			}
		})
	}
	if err := g.Flush(g.t.Context()); err != nil {
		g.t.Fatal(err)
	}
}

func (g gateSoftware) end(how kgo.TransactionEndTry) {
	g.t.Helper()
	if err := g.EndTransaction(g.t.Context(), how); err != nil {
		g.t.Fatal(err)
	}
}

// copiesIn are the values of all records of the topic that were forwarded, also where a transaction was aborted.
func copiesIn(t *testing.T, s *app.System) (values []string) {
	t.Helper()
	ends, err := kafka.Ends(t.Context(), s.Config.Kafka.Config)
	if err != nil {
		t.Fatal(err)
	}
	from := map[int32]kgo.Offset{}
	left := map[int32]int64{}
	for p, end := range ends {
		if end > 0 {
			from[int32(p)], left[int32(p)] = kgo.NewOffset().At(0), end
		}
	}
	c, err := kgo.NewClient(kgo.SeedBrokers(s.Config.Kafka.Brokers...), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{s.Config.Kafka.Topic: from}), kgo.KeepControlRecords())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for len(left) > 0 {
		fetched := c.PollFetches(t.Context())
		if err := fetched.Err(); err != nil {
			t.Fatal(err)
		}
		fetched.EachRecord(func(k *kgo.Record) {
			r := event.Record{}
			for _, h := range k.Headers {
				r.Headers = append(r.Headers, event.Header{Key: []byte(h.Key), Value: h.Value})
			}
			if r.Forwarded() != nil {
				values = append(values, string(k.Value))
			}
			if k.Offset+1 >= left[k.Partition] {
				delete(left, k.Partition)
			}
		})
	}
	return values
}

// A truck belongs to partition 0. The gate's software reports it to partition 1, in transactions: one is committed, two are aborted, the second
// of them after what is behind it was read by whoever does not wait for it, and one is committed at the end.
func TestAbortedRecordsAreNotForwarded(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions = 2
	s := startHere(t, cfg)
	defer stopHere(t, s)
	truck := "T0"
	for n := 0; kafka.PartitionOf([]byte(truck), 2) != 0; n++ {
		truck = fmt.Sprintf("T%d", n)
	}
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	fact := func(typ event.Type, minute int) event.Record {
		at := at.Add(time.Duration(minute) * time.Minute).UnixMilli()
		return event.NewRecord(s.Vocabulary, &event.Event{
			Type: typ, ID: fmt.Append(nil, minute), Source: []byte("/gate"), Subject: []byte(truck), BCP: 1, Direction: event.Inbound, Time: at, Recorded: at,
		}, at)
	}
	arrived, never, released, nor, departed := fact(event.TruckArrived, 0), fact(event.TruckReleased, 5), fact(event.TruckReleased, 30), fact(event.TruckDeparted, 35), fact(event.TruckDeparted, 40)
	other := func(*event.Record) int { return 1 }
	gate, second := newGateSoftware(t, s, "gate"), newGateSoftware(t, s, "second gate")
	gate.begin(other, arrived)
	gate.end(kgo.TryCommit)
	gate.begin(other, never)
	gate.end(kgo.TryAbort)
	gate.begin(other, released)
	gate.end(kgo.TryCommit)
	second.begin(other, nor)
	gate.begin(other, departed)
	gate.end(kgo.TryCommit)
	if err := s.StartEngine(t.Context()); err != nil {
		t.Fatal(err)
	}
	until(t, "what is before the open transaction is counted", func() bool {
		p, err := s.Store.Progress(t.Context(), 0)
		return err == nil && p.Records == 2
	})
	second.end(kgo.TryAbort)
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	if got, want := copiesIn(t, s), []string{string(arrived.Value), string(released.Value), string(departed.Value)}; !slices.Equal(got, want) {
		t.Errorf("forwarded:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	var visits string
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT toString(groupArray((shard, status, release_ms, crossing_ms))) FROM visits FINAL").Scan(&visits); err != nil || visits != "[(0,'departed',1800000,2400000)]" {
		t.Errorf("%s, %v", visits, err)
	}
	withoutDifference(t, s)
}

// Two gates send six hours of trucks in transactions, by six partitioners, and abort a third of these. Two processes of one group share the
// partitions, and the second one leaves and comes back. The numbers are those of the committed records in one process, placed where they belong.
func TestTwoProcessesForwardWhatIsCommittedAlone(t *testing.T) {
	if testing.Short() {
		t.Skip("the tests of the consumer group and of forwarding see as much under the race detector")
	}
	const partitions = 6
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions, cfg.Kafka.ProducerTimes = partitions, true
	s := startHere(t, cfg)
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.Add(6 * time.Hour), Seed: 8, Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.01},
	})
	if err != nil {
		t.Fatal(err)
	}
	var records []event.Record
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		records = append(records, event.NewRecord(s.Vocabulary, em.Event, em.At))
	}
	sendTo(t, s, records, func(r *event.Record) int { return kafka.PartitionOf(r.Key, partitions) })
	count(t, s)
	want := figures(t, s)
	stopHere(t, s)

	cfg.Kafka.Topic, cfg.Kafka.Group, cfg.ClickHouse.Database = "two", "two", "two"
	s = startHere(t, cfg)
	defer stopHere(t, s)
	if err := s.StartEngine(t.Context()); err != nil {
		t.Fatal(err)
	}
	join := func() *app.System {
		t.Helper()
		other := startHere(t, cfg.Running())
		if err := other.StartEngine(t.Context()); err != nil {
			t.Fatal(err)
		}
		until(t, "two processes share the partitions", func() bool {
			members, err := kafka.Members(t.Context(), s.Config.Kafka.Config)
			return err == nil && members == 2
		})
		return other
	}
	rng := rand.New(rand.NewPCG(8, 8))
	gates := []gateSoftware{newGateSoftware(t, s, "gate"), newGateSoftware(t, s, "second gate")}
	choose := sixPartitioners(partitions)
	aborted := 0
	other := join()
	for n := 0; len(records) > 0; n++ {
		size := min(1+rng.IntN(60), len(records))
		some := records[:size]
		records = records[size:]
		ofVisits := slices.DeleteFunc(slices.Clone(some), func(r event.Record) bool { return r.AllPartitions() })
		gate := gates[n%2]
		if rng.IntN(3) == 0 { // it says that the trucks were another's, and takes it back
			var never []event.Record
			for _, r := range ofVisits {
				r.Value = []byte(strings.Replace(string(r.Value), `"source":"`, `"source":"/never`, 1))
				never = append(never, r)
			}
			gate.begin(choose, never...)
			gate.end(kgo.TryAbort)
			aborted += len(never)
		}
		gate.begin(choose, ofVisits...)
		gate.end(kgo.TryCommit)
		for _, r := range some {
			if r.AllPartitions() {
				sendTo(t, s, []event.Record{r}, choose)
			}
		}
		switch n {
		case 10:
			stopHere(t, other)
		case 20:
			other = join()
		}
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
	stopHere(t, other)
	if got := figures(t, s); got != want {
		t.Errorf("by two processes:\n%sby one:\n%s", got, want)
	}
	withoutDifference(t, s)
	copies := copiesIn(t, s)
	if len(copies) == 0 || aborted == 0 || slices.ContainsFunc(copies, func(value string) bool { return strings.Contains(value, "/never") }) {
		t.Errorf("%d copies, of which some may be of the %d aborted records", len(copies), aborted)
	}
}
