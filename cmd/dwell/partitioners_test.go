package main

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// sixPartitioners choose the partition of a record by turns: as Kafka's Java client, librdkafka, Sarama and its reference do, round robin, and
// without a key.
func sixPartitioners(partitions int) func(r *event.Record) int {
	rng := rand.New(rand.NewPCG(6, 6))
	all := make([]int, partitions)
	for p := range all {
		all[p] = p
	}
	balancers := []kafkago.Balancer{
		kafkago.Murmur2Balancer{}, kafkago.CRC32Balancer{Consistent: true}, &kafkago.Hash{}, &kafkago.ReferenceHash{}, &kafkago.RoundRobin{},
	}
	return func(r *event.Record) int {
		n := rng.IntN(len(balancers) + 1)
		if n == len(balancers) {
			r.Key = nil
			return rng.IntN(partitions)
		}
		return balancers[n].Balance(kafkago.Message{Key: r.Key}, all...)
	}
}

// sendTo writes records to the partitions that a function chooses; those for every partition to each.
func sendTo(t *testing.T, s *app.System, records []event.Record, choose func(r *event.Record) int) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(s.Config.Kafka.Brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(s.Config.Kafka.Topic))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for i := range records {
		r := records[i]
		if r.AllPartitions() {
			if err := s.Producer.Write(t.Context(), r); err != nil {
				t.Fatal(err)
			}
			continue
		}
		k := &kgo.Record{Value: r.Value, Partition: int32(choose(&r)), Key: r.Key, Timestamp: time.UnixMilli(r.Time)}
		for _, h := range r.Headers {
			k.Headers = append(k.Headers, kgo.RecordHeader{Key: string(h.Key), Value: h.Value})
		}
		c.Produce(t.Context(), k, func(_ *kgo.Record, err error) {
			if err != nil {
				t.Error(err)
			}
		})
	}
	if err := c.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// figures are what the tables say of visits and windows, whatever was restated in between.
func figures(t *testing.T, s *app.System) string {
	t.Helper()
	var all string
	for _, table := range []string{
		"(SELECT * EXCEPT (as_of, month) FROM visits FINAL)", "(SELECT * EXCEPT as_of FROM windows FINAL WHERE n != 0)", "(SELECT * EXCEPT as_of FROM inside_now FINAL)",
		"(SELECT DISTINCT shard, type, id, source, edition, subject, data FROM events)",
	} {
		var rows, sum uint64
		if err := s.Store.Conn().QueryRow(t.Context(), "SELECT count(), sum(cityHash64(tuple(*))) FROM "+table).Scan(&rows, &sum); err != nil || rows == 0 {
			t.Fatal(table, rows, err)
		}
		all += fmt.Sprintf("%s: %d rows, sum %x\n", table, rows, sum)
	}
	return all
}

func withoutDifference(t *testing.T, s *app.System) {
	t.Helper()
	var out bytes.Buffer
	found, err := (&auditCommand{}).audit(t.Context(), &env{strings.NewReader(""), &out, io.Discard, nil}, s)
	if err != nil || found.Differences != 0 || found.Visits == 0 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// A day's records are placed by six partitioners in one topic, and as dwell places them in another. Both topics give the same numbers, and so
// do a recount of the first and its rebuild.
func TestTopicOfSixPartitionersIsCountedRecountedAndRebuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much in the tests of metrics/pipeline")
	}
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions, cfg.Kafka.ProducerTimes = 3, true
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var records []event.Record
	s := startHere(t, cfg)
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.AddDate(0, 0, 1), Seed: 5, Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.005},
	})
	if err != nil {
		t.Fatal(err)
	}
	for em, ok := sim.Next(); ok; em, ok = sim.Next() {
		records = append(records, event.NewRecord(s.Vocabulary, em.Event, em.At))
	}
	sendTo(t, s, records, func(r *event.Record) int { return kafka.PartitionOf(r.Key, 3) })
	sendOddities(t, s)
	count(t, s)
	want := figures(t, s)
	stopHere(t, s)

	same := func(s *app.System, what string) {
		t.Helper()
		if got := figures(t, s); got != want {
			t.Errorf("%s:\n%sof one partitioner:\n%s", what, got, want)
		}
		withoutDifference(t, s)
	}
	cfg.Kafka.Topic, cfg.ClickHouse.Database = "six", "six"
	s = startHere(t, cfg)
	sendTo(t, s, records, sixPartitioners(3))
	sendOddities(t, s)
	count(t, s)
	same(s, "by six partitioners")
	before := content(t, s)
	stopHere(t, s)

	s = startHere(t, cfg)
	if _, err := s.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s); got != before {
		t.Errorf("recounted:\n%sbefore:\n%s", got, before)
	}
	rebuild := rebuildCommand{Topic: "one", Partitions: 3}
	if err := rebuild.rebuild(t.Context(), &env{strings.NewReader(""), io.Discard, io.Discard, nil}, s); err != nil {
		t.Fatal(err)
	}
	stopHere(t, s)

	cfg.Kafka.Topic, cfg.ClickHouse.Database = "one", "one"
	s = startHere(t, cfg)
	defer stopHere(t, s)
	count(t, s)
	same(s, "rebuilt")
	var forwarded uint64
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT countIf(forwarded != '') FROM events").Scan(&forwarded); err != nil || forwarded != 0 {
		t.Errorf("%d records of the rebuilt topic were forwarded, %v", forwarded, err)
	}
}

// An earlier version counted a truck's arrival where it lay, in partition 1. A recount forwards it to partition 0, which has the release.
func TestRecountForwardsWhatWasCountedWhereItLay(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions = 2
	s := startHere(t, cfg)
	of := func(partition int) string {
		for n := 0; ; n++ {
			if truck := fmt.Sprintf("T%d", n); kafka.PartitionOf([]byte(truck), 2) == partition {
				return truck
			}
		}
	}
	at := time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC).UnixMilli()
	fact := func(truck string, typ event.Type, at int64) event.Record {
		return event.NewRecord(s.Vocabulary, &event.Event{
			Type: typ, ID: []byte(typ.String()), Source: []byte("/gate"), Subject: []byte(truck), BCP: 1, Direction: event.Inbound, Time: at, Recorded: at,
		}, at)
	}
	if err := s.Producer.Write(t.Context(), fact(of(1), event.TruckArrived, at), fact(of(0), event.TruckReleased, at+60_000)); err != nil {
		t.Fatal(err)
	}
	count(t, s)
	stopHere(t, s)

	s = startHere(t, cfg)
	defer stopHere(t, s)
	lay := fmt.Sprintf("ALTER TABLE events UPDATE subject = '%s' WHERE shard = 1 SETTINGS mutations_sync = 2", of(0))
	if err := s.Store.Conn().Exec(t.Context(), lay); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	count(t, s)
	var shard uint16
	var ms uint64
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT shard, release_ms FROM visits FINAL").Scan(&shard, &ms); err != nil || shard != 0 || ms != 60_000 {
		t.Errorf("the truck is counted in shard %d and was released after %d ms, %v", shard, ms, err)
	}
	withoutDifference(t, s)
}
