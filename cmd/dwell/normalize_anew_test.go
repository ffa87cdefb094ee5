package main

import (
	"fmt"
	"io"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	kafkago "github.com/segmentio/kafka-go"

	"dwell/cmd/dwell/app"
)

// arrivalsAtAGate is a source whose messages are the arrivals of trucks.
const arrivalsAtAGate = `
sources:
  gate:
    topic: gate.events
    source: /gate
    bcp: AF-NAN-TORKHAM
    direction: inbound
    columns: {subject: truck, time: at}
    events: [{values: {type: truck.arrived}}]
`

// A gate's topic is deleted, made anew and filled past what was read of it: first while dwell reads it, then while dwell is stopped. Then a consumer that
// somebody tries out takes the topic in dwell's group, and commits what it has read. Each message becomes an event or a dead letter, once, though the
// refused ones have the same offset.
func TestTopicThatIsFilledPastWhatWasReadLosesNothing(t *testing.T) {
	cfg := configured(t, arrivalsAtAGate)
	var said journal
	var ahead atomic.Int64 // how much time has passed
	now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
	start := func() *app.System {
		t.Helper()
		s, err := app.Start(t.Context(), cfg, app.All, io.Discard, slog.New(slog.NewTextHandler(&said, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	normalize := func(s *app.System) *prometheus.Registry {
		t.Helper()
		reg := prometheus.NewRegistry()
		if err := s.StartNormalizing(t.Context(), reg, now); err != nil {
			t.Fatal(err)
		}
		return reg
	}
	// send sends trucks, of which the second is a fault of the gate's software.
	send := func(s *app.System, log string, from, to int) {
		t.Helper()
		var messages []kafkago.Message
		for truck := from; truck < to; truck++ {
			text := fmt.Sprintf(`{"at":"2026-01-05T08:00:00Z","truck":"%s-%d"}`, log, truck)
			if truck == 1 {
				text = log + " is out of order"
			}
			messages = append(messages, kafkago.Message{Topic: "gate.events", Value: []byte(text)})
		}
		sendHere(t, s, messages...)
	}

	s := start()
	send(s, "A", 0, 3)
	reg := normalize(s)
	normalized(t, reg, 2, 1, 0)
	deleteHere(t, s)
	createHere(t, s)
	send(s, "B", 0, 10)
	until(t, "the trucks B are read from the first", func() bool {
		ahead.Add(int64(10 * time.Second))
		is := outcomes(t, reg)
		return is["accepted"] >= 2+9 && is["refused"] == 2 // some may be read twice
	})
	stopHere(t, s)

	s = start()
	was := committedHere(t, s)
	deleteHere(t, s)
	createHere(t, s)
	send(s, "C", 0, 20)
	commitHere(t, s, int(was.CommittedOffset), was.Metadata) // Kafka forgets it with the topic, unless it was committed just after that
	const anew = "is read from its beginning"
	before := said.times(anew)
	normalized(t, normalize(s), 19, 1, 0)
	if n := said.times(anew); n != before+1 || was.CommittedOffset != 10 {
		t.Errorf("it is said %d times that the topic was made anew while dwell was stopped, of which %+v was committed", n-before, was)
	}
	stopHere(t, s)

	s = start()
	defer func() { stopHere(t, s) }()
	send(s, "C", 20, 25)
	commitHere(t, s, 25, "")
	normalized(t, normalize(s), 24, 1, 0)
	const other = `group=dwell.sources.gate partition=0 why="offset 25 was committed by somebody else`
	if n := said.times(other); n != 1 {
		t.Errorf("it is said %d times that somebody else has read in the group", n)
	}
	if n := said.times("failed=handle"); n != 0 {
		t.Errorf("it is said %d times that the partition failed", n)
	}
	count(t, s)
	tablesSay(t, s, map[string]string{
		"concatWithSeparator(' ', uniqExact(id), uniqExact(subject), uniqExactIf(id, subject LIKE 'A-%'), uniqExactIf(id, subject LIKE 'B-%'), uniqExactIf(id, subject LIKE 'C-%')) FROM events FINAL": "35 35 2 9 24",
		"arrayStringConcat(arraySort(groupArray(value || ' ' || replaceRegexpOne(name, '[0-9a-f]{16}$', 'hash') || ' ' || toString(number))), ', ') FROM dead_letters FINAL":                           "A is out of order gate.events@hash 1, B is out of order gate.events@hash 1, C is out of order gate.events@hash 1",
	})
}
