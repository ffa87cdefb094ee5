package kafka

import (
	"context"
	"slices"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/ingest/event"
	"dwell/ingest/kafka/apachetest"
)

const compacted = "compacted"

// startCompacting starts a broker with a topic that is compacted; every batch has a segment of its own. Over Apache Kafka
// that is a matter of the times of the records, since no segment is smaller than a megabyte.
func startCompacting(t *testing.T) (cfg Config, compact func()) {
	t.Helper()
	if !apachetest.Wanted() {
		kf, cfg := embedded(t, 1, 1)
		if err := kf.CreateTopic(compacted, 1, map[string]string{"cleanup.policy": "compact", "segment.bytes": "1"}); err != nil {
			t.Fatal(err)
		}
		return cfg, kf.Compact
	}
	broker := apachetest.Start(t, apachetest.Config{
		Topics: topics(1), Properties: map[string]string{"log.cleaner.backoff.ms": "50"},
	})
	cfg = config(broker.Addrs()[0])
	res, err := newTestClient(t, cfg).CreateTopics(t.Context(), &kafkago.CreateTopicsRequest{Topics: []kafkago.TopicConfig{{
		Topic: compacted, NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: []kafkago.ConfigEntry{
			{ConfigName: "cleanup.policy", ConfigValue: "compact"},
			{ConfigName: "segment.ms", ConfigValue: "1"},
			{ConfigName: "min.cleanable.dirty.ratio", ConfigValue: "0.001"},
		},
	}}})
	if err != nil || res.Errors[compacted] != nil {
		t.Fatal(err, res)
	}
	return cfg, func() {} // it happens by itself
}

func TestCompactedEndOfABatchIsSkipped(t *testing.T) {
	cfg, compact := startCompacting(t)
	cfg.Topic = compacted
	p := producer(t, cfg)
	at := time.Now().Add(-time.Minute).UnixMilli()
	write := func(keys ...string) {
		at += 1000
		var ms []event.Record
		for _, k := range keys {
			ms = append(ms, event.Record{Key: []byte(k), Value: []byte(k), Time: at})
		}
		if err := p.Write(t.Context(), ms...); err != nil {
			t.Fatal(err)
		}
	}
	write("x", "T1", "T2")
	write("y", "T2", "T1")
	write("T1")
	write("T2")
	compact()
	want := []string{"x", "y", "T2", "T1", "T2"}
	until(t, "the log is compacted", func() bool { return slices.Equal(values(t, cfg), want) })

	l := newLedger()
	_, stop := consume(t, cfg, l)
	l.until(t, "the end is reached", func() bool { return l.stored[0] == 8 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	if got := l.values[0]; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}

	within := newLedger()
	within.stored[0] = 1 // of the first batch, of which nothing is left from there on
	_, stop = consume(t, cfg, within)
	within.until(t, "the end is reached", func() bool { return within.stored[0] == 8 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	within.check(t)
	if got := within.values[0]; !slices.Equal(got, want[1:]) {
		t.Errorf("read %q, want %q", got, want[1:])
	}
}

// values reads partition 0 to its end by a client of another make.
func values(t *testing.T, cfg Config) (all []string) {
	t.Helper()
	_, end, err := newTestClient(t, cfg).bounds(t.Context(), cfg.Topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	c := franz(t, cfg, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{cfg.Topic: {0: kgo.NewOffset().AtStart()}}))
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	for next := int64(0); next < end; {
		got := c.PollFetches(ctx)
		if err := got.Err(); err != nil {
			t.Fatal(err)
		}
		for _, r := range got.Records() {
			all, next = append(all, string(r.Value)), r.Offset+1
		}
	}
	return all
}
