package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/cmd/dwell/app"
	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/ingest/simulator"
)

// count starts the engine and waits until all of the topic is counted.
func count(t *testing.T, s *app.System) {
	t.Helper()
	if err := s.StartEngine(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.CaughtUp(t.Context(), func(int64) {}); err != nil {
		t.Fatal(err)
	}
}

func startHere(t *testing.T, cfg app.Config) *app.System {
	t.Helper()
	s, err := app.Start(t.Context(), cfg, app.All, io.Discard, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func stopHere(t *testing.T, s *app.System) {
	t.Helper()
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
}

// The topic gets three more partitions while trucks keep arriving. Nothing is counted wrong: dwell refuses to
// count at all, until all events are in a new topic.
func TestATopicThatGotMorePartitionsIsRebuilt(t *testing.T) {
	if testing.Short() {
		t.Skip("the race detector sees as much in the tests of ingest/kafka/rebuild")
	}
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	cfg.Kafka.NewPartitions = 2
	truth := filepath.Join(t.TempDir(), "truth.jsonl")
	lines, err := os.Create(truth)
	if err != nil {
		t.Fatal(err)
	}
	s := startHere(t, cfg)
	from := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	sim, err := simulator.New(simulator.Config{
		Places: s.Book, From: from, Until: from.Add(30 * time.Hour), Seed: 3,
		Faults: simulator.Faults{Late: 0.1, Duplicate: 0.02, Retract: 0.005},
		Truth: func(l simulator.TruthLine) {
			if err := json.NewEncoder(lines).Encode(l); err != nil {
				t.Error(err)
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func(s *app.System, until time.Time) {
		t.Helper()
		f := kafka.NewBuffered(s.Producer)
		for em, ok := sim.Next(); ok; em, ok = sim.Next() {
			if err := f.Add(t.Context(), event.NewRecord(s.Vocabulary, em.Event, em.At)); err != nil {
				t.Fatal(err)
			}
			if em.At >= until.UnixMilli() {
				break
			}
		}
		if err := f.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	send(s, from.Add(15*time.Hour))
	count(t, s)
	stopHere(t, s)

	s = startHere(t, cfg)
	client := kafkago.Client{Addr: kafkago.TCP(s.Config.Kafka.Brokers...)}
	res, err := client.CreatePartitions(t.Context(), &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: cfg.Kafka.Topic, Count: 5}},
	})
	if err != nil || res.Errors[cfg.Kafka.Topic] != nil {
		t.Fatal(err, res)
	}
	send(s, from.Add(1000*time.Hour))
	if err := s.Producer.Write(t.Context(), event.Record{Key: []byte("T"), Value: []byte("?"), Time: from.UnixMilli()}); err != nil {
		t.Fatal(err)
	}
	if err := lines.Close(); err != nil {
		t.Fatal(err)
	}
	var changed *kafka.PartitionsChangedError
	err = s.StartEngine(t.Context())
	if !errors.As(err, &changed) || changed.Was != 2 || changed.Now != 5 {
		t.Fatalf("counting on gives %v", err)
	}
	var out bytes.Buffer
	e := &env{strings.NewReader(""), &out, io.Discard, nil}
	rebuild := rebuildCommand{Topic: "dwell.events.3", Partitions: 3}
	if err := rebuild.rebuild(t.Context(), e, s); err != nil {
		t.Fatal(err)
	}
	t.Log(out.String())
	if err := rebuild.rebuild(t.Context(), e, s); err == nil || !strings.Contains(err.Error(), `"dwell.events.3" exists already`) {
		t.Errorf("once more gives %v", err)
	}
	stopHere(t, s)

	cfg.Kafka.Topic = "dwell.events.3"
	s = startHere(t, cfg)
	err = s.StartEngine(t.Context())
	if err == nil || !strings.Contains(err.Error(), `kafka.topic is "dwell.events.3", but the tables were counted with "dwell.events"`) {
		t.Errorf("counting the new topic into the old tables gives %v", err)
	}
	stopHere(t, s)

	cfg.ClickHouse.Database = "dwell3"
	s = startHere(t, cfg)
	defer stopHere(t, s)
	count(t, s)
	out.Reset()
	found, err := (&auditCommand{Truth: truth}).audit(t.Context(), e, s)
	if err != nil || found.Differences != 0 || found.True < 500 {
		t.Errorf("%v\n%s", err, out.String())
	}
	var shards, letters uint64
	if err := s.Store.Conn().QueryRow(t.Context(), "SELECT uniqExact(shard), (SELECT count() FROM dead_letters FINAL) FROM events").Scan(&shards, &letters); err != nil {
		t.Fatal(err)
	}
	if shards != 3 || letters != 1 {
		t.Errorf("%d shards and %d dead letters, want 3 and 1", shards, letters)
	}
}
