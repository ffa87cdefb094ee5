package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	kafkago "github.com/segmentio/kafka-go"

	"dwell/cmd/dwell/app"
	"dwell/ingest/source"
	"dwell/ingest/strictyaml"
)

// A gate has a topic of its own. It says IN, FREE and OUT of each truck, with pings between, and now and then a word that nobody knows. The
// process ends halfway, and what it had committed of its last messages is lost, as in a crash. In the end each message is an event, a dead letter or passed over, and
// each truck has its times.
func TestGateWithATopicOfItsOwn(t *testing.T) {
	const trucks = 500
	cfg := configured(t, `
sources:
  gate:
    topic: gate.events
    source: /gate
    bcp: AF-NAN-TORKHAM
    direction: inbound
    columns: {subject: truck.plate, type: what, time: at}
    time_layout: epoch_ms
    codes: {type: {in: truck.arrived, free: truck.released, out: truck.departed}}
    except: {what: PING}
    events: [{}]
`)
	s := startHere(t, cfg)
	var messages []kafkago.Message
	say := func(what string, truck int, at time.Time) {
		text, err := json.Marshal(map[string]any{"what": what, "at": at.UnixMilli(), "truck": map[string]string{"plate": "T" + strconv.Itoa(truck)}})
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, kafkago.Message{Topic: "gate.events", Value: text})
	}
	for truck := range trucks {
		at := time.Date(2026, 1, 5, 0, truck, 0, 0, time.UTC)
		say("IN", truck, at)
		say("FREE", truck, at.Add(time.Hour))
		if truck%50 == 0 {
			say("PING", truck, at)
			say("WEIGHED", truck, at)
		}
		say("OUT", truck, at.Add(90*time.Minute))
	}
	half := len(messages) / 2
	sendHere(t, s, messages[:half]...)
	first := prometheus.NewRegistry()
	if err := s.StartNormalizing(t.Context(), first, time.Now); err != nil {
		t.Fatal(err)
	}
	normalized(t, first, 750, 5, 5)
	stopHere(t, s)

	s = startHere(t, cfg)
	defer func() { stopHere(t, s) }()
	sendHere(t, s, messages[half:]...)
	back := half - 60
	commitHere(t, s, back, "dwell")
	events, pings := 0, 0
	for _, m := range messages[back:] {
		switch {
		case strings.Contains(string(m.Value), "PING"):
			pings++
		case !strings.Contains(string(m.Value), "WEIGHED"):
			events++
		}
	}
	again := prometheus.NewRegistry()
	if err := s.StartNormalizing(t.Context(), again, time.Now); err != nil {
		t.Fatal(err)
	}
	normalized(t, again, events, len(messages)-back-events-pings, pings)
	count(t, s)
	tablesSay(t, s, map[string]string{
		"concatWithSeparator(' ', uniqExact(id, source), uniqExactIf(id, id LIKE 'gate.events/0/%')) FROM events FINAL":                                                                   "1500 1500",
		"toString(countIf(release_time = 3600 AND crossing_time = 5400)) FROM latest_visits WHERE status = 'departed'":                                                                    "500",
		"concatWithSeparator(' ', count(), uniqExact(number), any(replaceRegexpOne(name, '@[0-9a-f]{16}$', '@hash')), any(detail)) FROM dead_letters FINAL WHERE reason = 'unknown_type'": "10 10 gate.events@hash unknown_type: what: \"WEIGHED\" is not the type of an event; name it in codes.type, or leave its records out by except",
	})
}

// configured is a configuration of YAML, with embedded parts in a folder of their own.
func configured(t *testing.T, text string) app.Config {
	t.Helper()
	cfg := app.DefaultConfig()
	if err := strictyaml.Unmarshal([]byte(text), &cfg); err != nil {
		t.Fatal(err)
	}
	cfg.Embed(t.TempDir())
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// tablesSay runs queries without their SELECT, each of which must give one text.
func tablesSay(t *testing.T, s *app.System, want map[string]string) {
	t.Helper()
	for query, want := range want {
		var got string
		if err := s.Store.Conn().QueryRow(t.Context(), "SELECT "+query).Scan(&got); err != nil || got != want {
			t.Errorf("%s\n got %s (%v)\nwant %s", query, got, err, want)
		}
	}
}

// The topic of an agency is not there yet: dwell says so once and goes on. Once it is there it is read; then it is made anew with one message, and that
// is read too.
func TestTopicOfAnAgencyComesAndIsMadeAnew(t *testing.T) {
	cfg := app.DefaultConfig()
	cfg.Embed(t.TempDir())
	var said journal
	s, err := app.Start(t.Context(), cfg, app.All, io.Discard, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { stopHere(t, s) }()
	s.Config.Sources = map[string]source.Description{"gate": {
		Topic: "gate.events", Source: "/gate", BCP: "AF-NAN-TORKHAM", Direction: "inbound",
		Columns: source.Columns{Subject: []string{"truck"}, Time: []string{"at"}}, Events: []source.MappedEvent{{Values: map[string]string{"type": "truck.arrived"}}},
	}}
	reg := prometheus.NewRegistry()
	if err := s.StartNormalizing(t.Context(), reg, time.Now); err != nil {
		t.Fatal(err)
	}
	until(t, "the topic is missing", func() bool { return said.times("a source is not read") > 0 })
	createHere(t, s)
	message := func(truck string) kafkago.Message {
		return kafkago.Message{Topic: "gate.events", Value: []byte(`{"at":"2026-01-05T08:00:00Z","truck":"` + truck + `"}`)}
	}
	sendHere(t, s, message("T1"), message("T2"), message("T3"))
	normalized(t, reg, 3, 0, 0)
	if n := said.times("a source is not read"); n != 1 {
		t.Errorf("it is said %d times that the topic is missing", n)
	}

	deleteHere(t, s)
	createHere(t, s)
	sendHere(t, s, message("T4"))
	normalized(t, reg, 4, 0, 0)
	if n := said.times("it has lost records"); n != 0 {
		t.Errorf("it is said %d times that a partition which is read from its beginning failed", n)
	}
}

// createHere creates the gate's topic.
func createHere(t *testing.T, s *app.System) {
	t.Helper()
	admin := &kafkago.Client{Addr: kafkago.TCP(s.Config.Kafka.Brokers...)}
	answer, err := admin.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{Topic: "gate.events", NumPartitions: 1, ReplicationFactor: 1}}})
	if err := errors.Join(err, answer.Errors["gate.events"]); err != nil {
		t.Fatal(err)
	}
}

func deleteHere(t *testing.T, s *app.System) {
	t.Helper()
	admin := &kafkago.Client{Addr: kafkago.TCP(s.Config.Kafka.Brokers...)}
	answer, err := admin.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{"gate.events"}})
	if err != nil || answer.Errors["gate.events"] != nil {
		t.Fatal(err, answer)
	}
}

// journal is what was logged.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *journal) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

func (l *journal) times(text string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Count(l.text.String(), text)
}

func sendHere(t *testing.T, s *app.System, messages ...kafkago.Message) {
	t.Helper()
	w := &kafkago.Writer{Addr: kafkago.TCP(s.Config.Kafka.Brokers...), BatchTimeout: time.Millisecond, BatchSize: 200}
	if err := w.WriteMessages(t.Context(), messages...); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

// normalized waits until the records of gate.events became this.
func normalized(t *testing.T, reg *prometheus.Registry, events, refused, passed int) {
	t.Helper()
	want := fmt.Sprintf("event %d, refused %d, passed %d", events, refused, passed)
	until(t, want, func() bool {
		is := outcomes(t, reg)
		return want == fmt.Sprintf("event %d, refused %d, passed %d", is["accepted"], is["refused"], is["passed"])
	})
}

// outcomes are what the records of gate.events became.
func outcomes(t *testing.T, reg *prometheus.Registry) map[string]int {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	is := map[string]int{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if f.GetName() == "dwell_source_records_total" && l.GetName() == "outcome" {
					is[l.GetValue()] = int(m.GetCounter().GetValue())
				}
			}
		}
	}
	return is
}

// committedHere is what the gate's group has committed.
func committedHere(t *testing.T, s *app.System) kafkago.OffsetFetchPartition {
	t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(s.Config.Kafka.Brokers...)}
	answer, err := client.OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{
		GroupID: "dwell.sources.gate", Topics: map[string][]int{"gate.events": {0}},
	})
	if err := errors.Join(err, answer.Error); err != nil {
		t.Fatal(err)
	}
	return answer.Topics["gate.events"][0]
}

// commitHere commits an offset of the gate's topic, with metadata, while its group has no members.
func commitHere(t *testing.T, s *app.System, to int, metadata string) {
	t.Helper()
	client := &kafkago.Client{Addr: kafkago.TCP(s.Config.Kafka.Brokers...)}
	answer, err := client.OffsetCommit(t.Context(), &kafkago.OffsetCommitRequest{
		GroupID: "dwell.sources.gate", GenerationID: -1, Topics: map[string][]kafkago.OffsetCommit{"gate.events": {{Offset: int64(to), Metadata: metadata}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := answer.Topics["gate.events"][0].Error; err != nil {
		t.Fatal(err)
	}
}
