package kafka

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"pgregory.net/rapid"

	"dwell/ingest/event"
)

func TestPartitionOfKeyMatchesTheJavaClient(t *testing.T) {
	cfg := config(start(t, 7))
	other := franz(t, cfg, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil))) // the Java client's default
	for i := range 300 {
		key := fmt.Appendf(nil, "AF-HEA-ISLAMQALA/%d", i*i)
		res := other.ProduceSync(t.Context(), kgo.KeySliceRecord(key, nil))
		if err := res.FirstErr(); err != nil {
			t.Fatal(err)
		}
		if got, want := PartitionOf(key, 7), int(res[0].Record.Partition); got != want {
			t.Fatalf("key %q: partition %d, another client says %d", key, got, want)
		}
	}
}

func TestFactAboutAPlaceReachesEveryPartition(t *testing.T) {
	const partitions = 3
	cfg := config(start(t, partitions))
	p, l := producer(t, cfg), newLedger()
	err := p.Write(t.Context(),
		inAllPartitions(event.Record{Key: []byte("AF-NAN-TORKHAM"), Value: []byte("closed"), Time: 1}),
		event.Record{Key: []byte("T1"), Value: []byte("arrived"), Time: 2},
		inAllPartitions(event.Record{Key: []byte("AF-NAN-TORKHAM"), Value: []byte("opened"), Time: 3}),
	)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Forward(t.Context(), 1, []event.Record{{Key: []byte("b"), Value: []byte("lane opened"), Time: 4}}); err != nil {
		t.Fatal(err)
	}
	_, stop := consume(t, cfg, l)
	l.until(t, "all copies are stored", func() bool { return l.total() == 2*partitions+1+partitions-1 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	for partition := range partitions {
		want := []string{"closed", "opened", "lane opened"}
		if partition == PartitionOf([]byte("T1"), partitions) {
			want = slices.Insert(want, 1, "arrived")
		}
		if partition == 1 {
			want = want[:len(want)-1]
		}
		if !slices.Equal(l.values[partition], want) {
			t.Errorf("partition %d holds %q, want %q", partition, l.values[partition], want)
		}
	}
}

func TestWriteErrorNamesTopicAndRecord(t *testing.T) {
	cfg := config(start(t, 1))
	cfg.Compression = "none"
	p := producer(t, cfg)
	err := p.Write(t.Context(), event.Record{Key: []byte("T9"), Value: make([]byte, 2<<20)})
	wantErrors(t, []error{err}, `topic "dwell.events" partition 0: 1 of 1 records were not acknowledged: `+
		`the record with key "T9" and 2097152 bytes of value: [10] Message Size Too Large`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Write(ctx, event.Record{Value: []byte("x")}); err == nil || !strings.Contains(err.Error(), topic) {
		t.Error(err)
	}
	cfg.Topic = "absent"
	err = producer(t, cfg).Write(t.Context(), event.Record{Value: []byte("x")})
	if err == nil || !strings.Contains(err.Error(), `topic "absent"`) {
		t.Error(err)
	}
}

func TestDeadLetterHasBytesAndReason(t *testing.T) {
	cfg := config(start(t, 1))
	p := producer(t, cfg)
	var want []event.DeadLetter
	rapid.Check(t, func(t *rapid.T) {
		d := event.DeadLetter{
			Reason: event.NotJSON, Detail: rapid.String().Draw(t, "detail"),
			Origin: event.RecordOrigin(topic, 2*rapid.IntRange(0, 25).Draw(t, "partition of an even number"), rapid.Int64Min(0).Draw(t, "offset")),
			Record: event.Record{
				Time: rapid.Int64Range(-1, math.MaxInt64).Draw(t, "time"),
				Key:  bytesOrNil(t, "key"), Value: bytesOrNil(t, "value"),
			},
		}
		if rapid.Bool().Draw(t, "of an agency") {
			d.Origin = event.MessageOrigin("gate.events", d.Origin.Part, d.Origin.Number, rapid.Uint64().Draw(t, "hash"))
		}
		for range rapid.IntRange(0, 3).Draw(t, "headers") {
			d.Headers = append(d.Headers, event.Header{Key: []byte(rapid.String().Draw(t, "name")), Value: bytesOrNil(t, "header")})
		}
		want = append(want, d)
	})
	if err := p.DeadLetters(t.Context(), want...); err != nil {
		t.Fatal(err)
	}
	large := event.DeadLetter{
		Reason: event.TooLarge, Origin: event.RecordOrigin(topic, 0, 1), Record: event.Record{Time: 1, Key: []byte("T1"), Value: make([]byte, 5<<20)},
	}
	if err := p.DeadLetters(t.Context(), large); err != nil {
		t.Fatal(err)
	}

	cfg.Topic, cfg.DeadLetterTopic = letters, topic
	l := newLedger()
	read := 0
	l.onHandle = func(_ context.Context, _ int, b Batch) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, r := range b.Records {
			d := written(t, r)
			switch {
			case read < len(want):
				if got, want := fmt.Sprintf("%#v", d), fmt.Sprintf("%#v", want[read]); got != want {
					t.Errorf("dead letter %d is\n%s, want\n%s", read, got, want)
				}
			default:
				if got := string(d.Headers[0].Value); len(d.Value) != keptBytes ||
					got != "2 of 2 bytes of key, 65536 of 5242880 bytes of value, 0 of 0 headers" {
					t.Errorf("the large one kept %d bytes and says %q", len(d.Value), got)
				}
			}
			read++
		}
		return nil
	}
	_, stop := consume(t, cfg, l)
	l.until(t, "all dead letters are read", func() bool { return read == len(want)+1 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// written is the dead letter that was written as r.
func written(t *testing.T, r event.Record) (d event.DeadLetter) {
	t.Helper()
	text := map[string]string{}
	var names []string
	own := min(7, len(r.Headers))
	for _, h := range r.Headers[:own] {
		names = append(names, string(h.Key))
		text[string(h.Key)] = string(h.Value)
	}
	if want := []string{ReasonHeader, DetailHeader, OriginHeader, TopicHeader, PartitionHeader, OffsetHeader, TimeHeader}; !slices.Equal(names, want) {
		t.Fatalf("the first headers are %v, want %v", names, want)
	}
	d = event.DeadLetter{Reason: event.Reason(text[ReasonHeader]), Detail: text[DetailHeader], Record: event.Record{Key: r.Key, Value: r.Value}}
	partition, err1 := strconv.Atoi(text[PartitionHeader])
	offset, err2 := strconv.ParseInt(text[OffsetHeader], 10, 64)
	var ok bool
	d.Origin, ok = event.ParseOrigin(text[OriginHeader])
	if !ok || d.Origin.Topic() != text[TopicHeader] || d.Origin.Part != partition || d.Origin.Number != offset {
		t.Errorf("the origin is written as %q, and topic, partition and offset are %q, %d and %d", text[OriginHeader], text[TopicHeader], partition, offset)
	}
	var err3 error
	d.Time, err3 = strconv.ParseInt(text[TimeHeader], 10, 64)
	if err := errors.Join(err1, err2, err3); err != nil {
		t.Fatal(err)
	}
	if len(r.Headers) > own {
		d.Headers = r.Headers[own:]
	}
	return d
}

// inAllPartitions returns the record, marked for every partition.
func inAllPartitions(r event.Record) event.Record {
	r.SetAllPartitions(true)
	return r
}

func TestEnsureTopicsCreatesMissingTopics(t *testing.T) {
	cfg := config(start(t, 2))
	created, err := EnsureTopics(t.Context(), cfg,
		NewTopic{Name: topic, Partitions: 9, Replication: 1},
		NewTopic{Name: "second", Partitions: 4, Replication: 1},
		NewTopic{Name: "third", Partitions: 1, Replication: -1, Retention: -1, ProducerTimes: true})
	if err != nil || !slices.Equal(created, []string{"second", "third"}) {
		t.Fatal(created, err)
	}
	c := newTestClient(t, cfg)
	for name, want := range map[string]int{topic: 2, "second": 4, "third": 1} {
		until(t, fmt.Sprintf("topic %q has %d partitions", name, want), func() bool {
			l, err := c.layout(t.Context(), name)
			return err == nil && l.partitions == want
		})
	}
	if got, err := c.topicConfig(t.Context(), "third", "retention.ms"); err != nil || got["retention.ms"] != "-1" {
		t.Errorf("retention is %v, %v, want unlimited", got, err)
	}
	for name, want := range map[string]bool{"second": false, "third": true} {
		of := cfg
		of.Topic = name
		if theirs, err := ProducerTimes(t.Context(), of); err != nil || theirs != want {
			t.Errorf("topic %q has the times of producers: %v, %v, want %v", name, theirs, err, want)
		}
	}
	if created, err := EnsureTopics(t.Context(), cfg, NewTopic{Name: "second", Partitions: 4}); err != nil || created != nil {
		t.Error(created, err)
	}
	if _, err := EnsureTopics(t.Context(), cfg, NewTopic{Name: "x"}); err == nil {
		t.Error("a topic without partitions was accepted")
	}
}

// A producer of 2001 writes into a topic that was made here and into one whose records keep its times.
func TestRecordsOfANewTopicHaveTheTimeOfTheBroker(t *testing.T) {
	cfg := config(start(t, 1))
	begin := time.Now().Add(-time.Minute).UnixMilli()
	for name, producers := range map[string]bool{"new": false, "copied": true} {
		of := cfg
		of.Topic, of.Group = name, name
		if _, err := EnsureTopics(t.Context(), of, NewTopic{Name: name, Partitions: 1, Replication: 1, Retention: -1, ProducerTimes: name == "copied"}); err != nil {
			t.Fatal(err)
		}
		p := producer(t, of)
		sent := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
		if err := p.Write(t.Context(), event.Record{Key: []byte("T1"), Value: []byte("arrived"), Time: sent}); err != nil {
			t.Fatal(err)
		}
		l := newLedger()
		var got []event.Record
		l.onHandle = func(_ context.Context, _ int, b Batch) error {
			for i := range b.Records {
				got = append(got, b.Records[i].Clone())
			}
			return nil
		}
		_, stop := consume(t, of, l)
		l.until(t, "the record is read", func() bool { return l.total() == 1 })
		if err := stop(); err != nil {
			t.Fatal(err)
		}
		if r := got[0]; r.AppendTime == producers || producers && r.Time != sent || !producers && r.Time < begin {
			t.Errorf("topic %q: the record has time %d, of the broker %v", name, r.Time, r.AppendTime)
		}
	}
}
