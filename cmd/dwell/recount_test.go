package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// content is what the tables say, in whatever steps it was counted.
func content(t *testing.T, s *app.System) string {
	t.Helper()
	var all string
	for _, table := range []string{
		"events FINAL", "dead_letters FINAL", "openings FINAL", "readings FINAL", "rules",
		"(SELECT * EXCEPT as_of FROM visits FINAL)",
		"(SELECT * EXCEPT as_of FROM windows FINAL WHERE n != 0)",
		"(SELECT * EXCEPT written_at FROM restatements FINAL)",
		"(SELECT * EXCEPT as_of FROM inside_now FINAL)",
		"(SELECT offset, latest, watermark, records FROM progress FINAL)",
	} {
		query := "SELECT count(), sum(cityHash64(tuple(*))) FROM " + table
		if table == "rules" {
			query = "SELECT count(), sum(cityHash64(rule, value)) FROM rules"
		}
		var rows, sum uint64
		if err := s.Store.Conn().QueryRow(t.Context(), query).Scan(&rows, &sum); err != nil {
			t.Fatal(err)
		}
		if rows == 0 {
			t.Fatalf("%s is empty", table)
		}
		all += fmt.Sprintf("%s: %d rows, sum %x\n", table, rows, sum)
	}
	return all
}

// days are a running simulation, and the events of it that are sent.
func days(t *testing.T, s *app.System, n int) (send func(s *app.System, until time.Duration)) {
	t.Helper()
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.AddDate(0, 0, n), Seed: 11,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.005},
	})
	if err != nil {
		t.Fatal(err)
	}
	return func(s *app.System, until time.Duration) {
		t.Helper()
		f := kafka.NewBuffered(s.Producer)
		for em, ok := sim.Next(); ok; em, ok = sim.Next() {
			if err := f.Add(t.Context(), event.NewRecord(s.Vocabulary, em.Event, em.At)); err != nil {
				t.Fatal(err)
			}
			if em.At >= from.Add(until).UnixMilli() {
				break
			}
		}
		if err := f.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// sendOddities sends what the simulator does not: a message that is no event, an opening that one partition alone has, with white space
// in its data, and a reading.
func sendOddities(t *testing.T, s *app.System) {
	t.Helper()
	const opening = `{"specversion":"1.0","id":"o","source":"/office","type":"dwell.bcp.opened.v1","subject":"AF-NAN-TORKHAM","time":"2026-01-05T09:00:00.0009Z","data": { "bcp" : "AF-NAN-TORKHAM",  "note": "<é>" } }`
	const reading = `{"bcp":"AF-NAN-TORKHAM","direction":"outbound","queue":"buses","vehicles":12,"lanes_open":2,"service_rate":9,"state":"paused"}`
	at := time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC).UnixMilli()
	binary := event.Stored{Type: "queue.observed", ID: "q", Source: "/office", Subject: "AF-NAN-TORKHAM", BCP: "AF-NAN-TORKHAM", Time: at, Recorded: at, Data: reading}
	for _, r := range []event.Record{
		{Key: []byte("T"), Value: []byte("?"), Time: at},
		event.StructuredRecord([]byte("AF-NAN-TORKHAM"), []byte(opening), at),
		binary.Record(at),
	} {
		if err := s.Producer.Write(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
}

// Two days are counted, and half a day of more events is in the topic. A recount by the same rules gives the same tables, row by row, as
// counting the topic at once: it begins with what the tables have, and continues with the topic.
func TestRecountByTheSameRulesGivesTheSameTables(t *testing.T) {
	if testing.Short() {
		t.Skip("it does one thing after the other, and takes a minute with the race detector")
	}
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions = 2
	s := startHere(t, cfg)
	send := days(t, s, 3)
	send(s, 24*time.Hour)
	sendOddities(t, s)
	send(s, 48*time.Hour)
	count(t, s)
	stopHere(t, s)

	atOnce := cfg
	atOnce.ClickHouse.Database = "counted_at_once"
	s = startHere(t, atOnce)
	send(s, 60*time.Hour)
	count(t, s)
	want := content(t, s)
	stopHere(t, s)

	s = startHere(t, cfg)
	defer stopHere(t, s)
	records, err := s.Recount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := content(t, s); got != want {
		t.Errorf("recounted:\n%scounted at once:\n%s", got, want)
	}
	var rows uint64
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT sum(records) FROM progress FINAL").Scan(&rows); err != nil || uint64(records) != rows {
		t.Errorf("%d records were recounted, and the tables have %d, %v", records, rows, err)
	}
	var out bytes.Buffer
	found, err := (&auditCommand{}).audit(t.Context(), &env{strings.NewReader(""), &out, io.Discard, nil}, s)
	if err != nil || found.Differences != 0 || found.Visits < 1000 {
		t.Errorf("%v\n%s", err, out.String())
	}
}

// The table events has lost some events, and the topic has deleted them too: a recount would lose them from the other tables. It is
// refused, and nothing has changed.
func TestRecountWithoutAllEventsIsRefused(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions = 1
	s := startHere(t, cfg)
	send := days(t, s, 1)
	send(s, 6*time.Hour)
	sendOddities(t, s)
	count(t, s)
	stopHere(t, s)

	s = startHere(t, cfg)
	defer stopHere(t, s)
	const lost = "ALTER TABLE events DELETE WHERE offset BETWEEN 100 AND 199 SETTINGS mutations_sync = 2"
	if err := s.Store.Conn().Exec(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	deleteBefore(t, s, 150)
	before := content(t, s)
	_, err := s.Recount(t.Context())
	if err == nil || !strings.Contains(err.Error(), "shard 0: the tables events and dead_letters, with what topic \"dwell.events\" still has, have ") {
		t.Errorf("a recount without some events gives %v", err)
	}
	if after := content(t, s); after != before {
		t.Errorf("after a refused recount:\n%sbefore:\n%s", after, before)
	}
	if left := databases(t, s); left != 0 {
		t.Errorf("%d databases are left", left)
	}
}

// A recount is interrupted when its database is there. The tables are what they were, nothing of it is left, and it can be started again.
func TestInterruptedRecountLeavesTheOldTables(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions = 1
	s := startHere(t, cfg)
	send := days(t, s, 1)
	send(s, 12*time.Hour)
	sendOddities(t, s)
	count(t, s)
	stopHere(t, s)

	s = startHere(t, cfg)
	defer stopHere(t, s)
	before := content(t, s)
	ctx, interrupt := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() {
		_, err := s.Recount(ctx)
		ended <- err
	}()
	for databases(t, s) == 0 && ctx.Err() == nil {
		select {
		case err := <-ended:
			t.Fatalf("the recount was not interrupted: %v", err)
		default:
		}
	}
	interrupt()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("an interrupted recount gives %v", err)
	}
	for range 2 {
		if after := content(t, s); after != before || databases(t, s) != 0 {
			t.Errorf("%d databases are left, and the tables are\n%sbefore:\n%s", databases(t, s), after, before)
		}
		if _, err := s.Recount(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// databases is how many recounts there are.
func databases(t *testing.T, s *app.System) (n uint64) {
	t.Helper()
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT count() FROM system.databases WHERE name LIKE '%recount%'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// deleteBefore deletes the records of partition 0 before an offset, as retention does.
func deleteBefore(t *testing.T, s *app.System, offset int64) {
	t.Helper()
	partition := kmsg.NewDeleteRecordsRequestTopicPartition()
	partition.Offset = offset
	topic := kmsg.NewDeleteRecordsRequestTopic()
	topic.Topic, topic.Partitions = s.Config.Kafka.Topic, append(topic.Partitions, partition)
	r := kmsg.NewPtrDeleteRecordsRequest()
	r.Topics = append(r.Topics, topic)
	c, err := kgo.NewClient(kgo.SeedBrokers(s.Config.Kafka.Brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := r.RequestWith(t.Context(), c); err != nil {
		t.Fatal(err)
	}
}

// Kafka and ClickHouse are servers for two processes here. While one of them counts the other must not recount; when it has stopped, it may.
func TestRecountBesideAProcessThatCountsIsRefused(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	servers := startHere(t, cfg)
	defer stopHere(t, servers)
	cfg.Kafka.Embedded, cfg.Kafka.Brokers = false, servers.Config.Kafka.Brokers
	cfg.ClickHouse = servers.Config.ClickHouse
	cfg.ClickHouse.Embedded = false
	serving, other := startHere(t, cfg), startHere(t, cfg)
	defer stopHere(t, other)
	send := days(t, serving, 1)
	send(serving, 6*time.Hour)
	sendOddities(t, serving)
	count(t, serving)
	if _, err := other.Recount(t.Context()); err == nil || !strings.Contains(err.Error(), `group "dwell" has 1 members: stop all processes before a recount`) {
		t.Errorf("a recount beside a process that counts gives %v", err)
	}
	stopHere(t, serving)
	before := content(t, other)
	if _, err := other.Recount(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := content(t, other); after != before {
		t.Errorf("recounted:\n%scounted:\n%s", after, before)
	}
}
