package main

import (
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	kafkago "github.com/segmentio/kafka-go"

	"dwell/cmd/dwell/app"
)

// The topic of events is gone, so nothing of a gate's topic can be written: its messages wait, and that is known while each try fails. They are
// written once the topic is back, and a process that has stopped says nothing of what others read.
func TestMessagesWaitWhileWritesFail(t *testing.T) {
	cfg := configured(t, arrivalsAtAGate)
	var said journal
	s, err := app.Start(t.Context(), cfg, app.All, io.Discard, slog.New(slog.NewTextHandler(&said, nil)))
	if err != nil {
		t.Fatal(err)
	}
	stopped := false
	defer func() {
		if !stopped {
			stopHere(t, s)
		}
	}()
	admin := &kafkago.Client{Addr: kafkago.TCP(s.Config.Kafka.Brokers...)}
	gone, err := admin.DeleteTopics(t.Context(), &kafkago.DeleteTopicsRequest{Topics: []string{s.Config.Kafka.Topic}})
	if err != nil || gone.Errors[s.Config.Kafka.Topic] != nil {
		t.Fatal(err, gone)
	}
	var messages []kafkago.Message
	for truck := range 3 {
		messages = append(messages, kafkago.Message{Topic: "gate.events", Value: fmt.Appendf(nil, `{"at":"2026-01-05T08:00:00Z","truck":"T%d"}`, truck)})
	}
	sendHere(t, s, messages...)
	reg := prometheus.NewRegistry()
	if err := s.StartNormalizing(t.Context(), reg, time.Now); err != nil {
		t.Fatal(err)
	}
	until(t, "a write has failed", func() bool { return said.times("failed=handle") > 0 })
	waiting := func(messages int) string {
		return fmt.Sprintf(`# HELP dwell_source_lag_messages Messages of an agency's topic that have yet to become events, by partition.
			# TYPE dwell_source_lag_messages gauge
			dwell_source_lag_messages{partition="0",topic="gate.events"} %d
			`, messages)
	}
	lag := func(want string) error {
		return testutil.GatherAndCompare(reg, strings.NewReader(want), "dwell_source_lag_messages")
	}
	if err := lag(waiting(3)); err != nil {
		t.Error(err)
	}
	back, err := admin.CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{
		{Topic: s.Config.Kafka.Topic, NumPartitions: 1, ReplicationFactor: 1},
	}})
	if err != nil || back.Errors[s.Config.Kafka.Topic] != nil {
		t.Fatal(err, back)
	}
	normalized(t, reg, 3, 0, 0)
	until(t, "no message waits", func() bool { return lag(waiting(0)) == nil })
	stopHere(t, s)
	stopped = true
	if err := lag(""); err != nil {
		t.Error(err)
	}
}
