package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/ingest/event"
	"dwell/ingest/kafka/apachetest"
)

// franz is a client of another make.
func franz(t *testing.T, cfg Config, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(cfg.Brokers...), kgo.DefaultProduceTopic(topic))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func produce(t *testing.T, c *kgo.Client, values ...string) {
	t.Helper()
	for _, v := range values {
		if err := c.ProduceSync(t.Context(), kgo.StringRecord(v)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOnlyCommittedTransactionsAreRead(t *testing.T) {
	cfg := config(start(t, 1))
	l := newLedger()
	_, stop := consume(t, cfg, l)
	manual := kgo.RecordPartitioner(kgo.ManualPartitioner())
	a, b := franz(t, cfg, kgo.TransactionalID("a"), manual), franz(t, cfg, kgo.TransactionalID("b"), manual)
	plain := franz(t, cfg, manual)
	begin := func(c *kgo.Client) {
		if err := c.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
	}
	end := func(c *kgo.Client, how kgo.TransactionEndTry) {
		if err := c.EndTransaction(t.Context(), how); err != nil {
			t.Fatal(err)
		}
	}
	begin(a)
	produce(t, a, "a1", "a2")
	begin(b)
	produce(t, b, "never1")
	produce(t, plain, "p1")
	produce(t, a, "a3")
	end(a, kgo.TryCommit)
	produce(t, b, "never2")
	end(b, kgo.TryAbort)
	begin(b)
	produce(t, b, "b1")
	end(b, kgo.TryCommit)
	begin(a)
	produce(t, a, "never3")
	end(a, kgo.TryAbort)

	want := []string{"a1", "a2", "p1", "a3", "b1"}
	_, last, err := newTestClient(t, cfg).bounds(t.Context(), topic, 0)
	if err != nil {
		t.Fatal(err)
	}
	l.until(t, "the handler knows of the last marker", func() bool { return l.stored[0] == last })
	if got := l.values[0]; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}

	begin(a)
	produce(t, a, "a4")
	produce(t, plain, "p2")
	again := newLedger()
	again.stored[0] = 2 // from within the first transaction
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	_, stop = consume(t, cfg, again)
	again.until(t, "what is before the open transaction is read", func() bool { return again.stored[0] == last })
	if got, want := again.values[0], []string{"p1", "a3", "b1"}; !slices.Equal(got, want) {
		t.Errorf("read %q, want %q", got, want)
	}
	again.until(t, "it is reported where the open transaction began", func() bool { return again.ends[0] == last+2 && again.stable[0] == last })
	end(a, kgo.TryCommit)
	again.until(t, "the rest is read", func() bool { return len(again.values[0]) == 5 })
	again.until(t, "no transaction is reported to be open", func() bool { return again.stable[0] == again.ends[0] })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	again.check(t)
}

func TestRecordsOfEveryCodecAndShapeAreRead(t *testing.T) {
	cfg := config(start(t, 1))
	codecs := map[string]kgo.CompressionCodec{
		"none": kgo.NoCompression(), "gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(),
		"lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
	}
	long := strings.Repeat("a truck waits ", 9000)
	var want []string
	for _, name := range compressions {
		cfg.Compression = name
		p := producer(t, cfg)
		var ms []event.Record
		for i := range 300 {
			ms = append(ms, event.Record{
				Key: []byte("T1"), Value: fmt.Appendf(nil, "dwell %s %d %s", name, i, long[:i]), Time: int64(1000 + i),
				Headers: []event.Header{{Key: []byte("ce_id"), Value: []byte(strconv.Itoa(i))}, {Key: []byte("empty")}},
			})
			want = append(want, fmt.Sprintf("%q %q %d ce_id=%q empty=%q", "T1", ms[i].Value, ms[i].Time, strconv.Itoa(i), ""))
		}
		ms = append(ms, event.Record{Value: []byte(long), Time: 1}, event.Record{Key: []byte{}, Time: 2})
		want = append(want, fmt.Sprintf("%v %q %d", nil, long, 1), fmt.Sprintf("%q %v %d", "", nil, 2))
		if err := p.Write(t.Context(), ms...); err != nil {
			t.Fatal(err)
		}
		c := franz(t, cfg, kgo.ProducerBatchCompression(codecs[name]), kgo.ProducerLinger(50*time.Millisecond))
		for i := range 300 {
			r := kgo.KeySliceRecord([]byte("T2"), fmt.Appendf(nil, "franz %s %d %s", name, i, long[:i]))
			r.Timestamp = time.UnixMilli(int64(2000 + i))
			c.Produce(t.Context(), r, nil)
			want = append(want, fmt.Sprintf("%q %q %d", "T2", r.Value, 2000+i))
		}
		if err := c.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if got := records(t, cfg, len(want)); !slices.Equal(got, want) {
		for i := range want {
			if got[i] != want[i] {
				t.Fatalf("record %d is %.200s, want %.200s", i, got[i], want[i])
			}
		}
	}
}

func TestRecordsLostToRetentionAreCounted(t *testing.T) {
	cfg := config(start(t, 1))
	p, want := producer(t, cfg), map[int][]string{}
	for i := range 10 {
		write(t, p, 1, i*10, 10, want)
	}
	deleteRecords(t, cfg, 50)
	l := newLedger()
	l.stored[0] = 20
	_, stop := consume(t, cfg, l)
	l.until(t, "the rest is stored", func() bool { return l.stored[0] == 100 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, map[int][]string{0: want[0][50:]})
	if l.lost != 30 {
		t.Errorf("%d records are counted as lost, want 30", l.lost)
	}

	fresh := newLedger()
	fresh.stored[0] = Earliest
	_, stop = consume(t, cfg, fresh)
	fresh.until(t, "the rest is stored", func() bool { return fresh.stored[0] == 100 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	fresh.holds(t, map[int][]string{0: want[0][50:]})
	if fresh.lost != 0 {
		t.Errorf("%d records are counted as lost by a consumer that had none before", fresh.lost)
	}
}

// deleteRecords moves the beginning of partition 0, as retention does.
func deleteRecords(t *testing.T, cfg Config, before int64) {
	t.Helper()
	r := kmsg.NewPtrDeleteRecordsRequest()
	p := kmsg.NewDeleteRecordsRequestTopicPartition()
	p.Offset = before
	of := kmsg.NewDeleteRecordsRequestTopic()
	of.Topic, of.Partitions = topic, append(of.Partitions, p)
	r.Topics = append(r.Topics, of)
	answer, err := r.RequestWith(t.Context(), franz(t, cfg))
	if err != nil || answer.Topics[0].Partitions[0].ErrorCode != 0 {
		t.Fatalf("delete records: %v, %+v", err, answer)
	}
}

func TestPartitionShorterThanStoredProgressIsNotRead(t *testing.T) {
	cfg := config(start(t, 2))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	write(t, p, 2, 0, 100, want)
	l.stored[0] = 1000
	_, stop := consume(t, cfg, l)
	l.until(t, "the other partition is stored", func() bool { return len(l.values[1]) == len(want[1]) })
	l.until(t, "the failure is reported again and again", func() bool { return l.failed[PartitionFailure] >= 3 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	if len(l.values[0]) != 0 || l.stored[0] != 1000 {
		t.Errorf("partition 0: %d records were read, next is %d", len(l.values[0]), l.stored[0])
	}
}

func TestAddedPartitionsStopTheConsumer(t *testing.T) {
	cfg := config(start(t, 2))
	cfg.RefreshInterval = 10 * time.Millisecond
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	write(t, p, 2, 0, 100, want)
	ctx := t.Context()
	c, err := New(cfg, l.handler, l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ran := make(chan error)
	go func() { ran <- c.Run(ctx) }()
	l.until(t, "all is stored", func() bool { return l.total() == 100 })
	res, err := p.client.CreatePartitions(ctx, &kafkago.CreatePartitionsRequest{
		Topics: []kafkago.TopicPartitionsConfig{{Name: topic, Count: 3}},
	})
	if err != nil || res.Errors[topic] != nil {
		t.Fatal(err, res)
	}
	changed := (*PartitionsChangedError)(nil)
	if err := <-ran; !errors.As(err, &changed) || changed.Was != 2 || changed.Now != 3 {
		t.Fatalf("Run returned %v", err)
	}
	l.check(t)

	// A process that starts later with what was stored sees it too.
	cfg.Partitions = 2
	if c, err = New(cfg, l.handler, l, slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	if err := c.Run(ctx); !errors.As(err, &changed) {
		t.Fatalf("Run returned %v", err)
	}
	if n, err := Partitions(ctx, cfg); n != 3 || err != nil {
		t.Errorf("%d partitions, error %v", n, err)
	}
}

// records reads n records of partition 0, each as a line of text.
func records(t *testing.T, cfg Config, n int) []string {
	t.Helper()
	l := newLedger()
	var lines []string
	l.onHandle = func(_ context.Context, _ int, b Batch) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		for _, r := range b.Records {
			lines = append(lines, line(r))
		}
		return nil
	}
	_, stop := consume(t, cfg, l)
	l.until(t, fmt.Sprintf("%d records are read", n), func() bool { return len(lines) >= n })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	return lines
}

func line(r event.Record) string {
	text := func(b []byte) string {
		if b == nil {
			return "<nil>"
		}
		return strconv.Quote(string(b))
	}
	s := fmt.Sprintf("%s %s %d", text(r.Key), text(r.Value), r.Time)
	for _, h := range r.Headers {
		s += fmt.Sprintf(" %s=%q", h.Key, h.Value)
	}
	return s
}

func TestMissingCoordinatorIsRetried(t *testing.T) {
	embeddedOnly(t)
	kf, cfg := embedded(t, 1, 1)
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	kf.ControlKey(int16(kmsg.FindCoordinator), func(r kmsg.Request) (kmsg.Response, error, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.failed[GroupFailure] >= 4 {
			return nil, nil, false
		}
		kf.KeepControl()
		res := r.ResponseKind().(*kmsg.FindCoordinatorResponse)
		res.ErrorCode = int16(kafkago.GroupCoordinatorNotAvailable)
		return res, nil, true
	})
	write(t, p, 1, 0, 10, want)
	_, stop := consume(t, cfg, l)
	l.until(t, "all is stored", func() bool { return l.total() == 10 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
}

func TestForgottenMemberLeavesTheGroup(t *testing.T) {
	embeddedOnly(t)
	kf, cfg := embedded(t, 1, 1)
	cfg = shortTimeouts(cfg)
	l := newLedger()
	_, stop := consume(t, cfg, l)
	member := ""
	until(t, "the group has a member", func() bool {
		if g := kf.GroupInfo(cfg.Group); g != nil && len(g.Members) == 1 {
			member = g.Members[0].MemberID
		}
		return member != ""
	})
	left := make(chan struct{})
	kf.ControlKey(int16(kmsg.LeaveGroup), func(r kmsg.Request) (kmsg.Response, error, bool) {
		kf.KeepControl()
		for _, m := range r.(*kmsg.LeaveGroupRequest).Members {
			if m.MemberID == member {
				close(left)
			}
		}
		return nil, nil, false
	})
	away := func(r kmsg.Request) (kmsg.Response, error, bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.failed[GroupFailure] >= 3 {
			return nil, nil, false
		}
		kf.KeepControl()
		res := r.ResponseKind()
		switch res := res.(type) {
		case *kmsg.FindCoordinatorResponse:
			res.ErrorCode = int16(kafkago.GroupCoordinatorNotAvailable)
		case *kmsg.HeartbeatResponse:
			res.ErrorCode = int16(kafkago.NotCoordinatorForGroup)
		}
		return res, nil, true
	}
	kf.ControlKey(int16(kmsg.FindCoordinator), away)
	kf.ControlKey(int16(kmsg.Heartbeat), away)
	select {
	case <-left:
	case <-time.After(waitTimeout):
		t.Fatal("the member that was forgotten has not left")
	}
	p, want := producer(t, cfg), map[int][]string{}
	write(t, p, 1, 0, 10, want)
	l.until(t, "all is stored", func() bool { return l.total() == 10 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
}

func TestStopDoesNotWaitForAJoin(t *testing.T) {
	cfg, joining := slowToJoin(t)
	_, stop := consume(t, cfg, newLedger())
	joining()
	if err := stop(); err != nil {
		t.Fatal(err)
	}
}

// slowToJoin starts a broker that delays the answer to JoinGroup; joining waits until a member is joining.
func slowToJoin(t *testing.T) (cfg Config, joining func()) {
	t.Helper()
	if apachetest.Wanted() {
		cfg = config(apachetest.Start(t, apachetest.Config{
			Topics: topics(1), Properties: map[string]string{"group.initial.rebalance.delay.ms": "600000"},
		}).Addrs()[0])
		return cfg, func() {
			c := newTestClient(t, cfg)
			until(t, "the group is being joined", func() bool {
				res, err := c.DescribeGroups(t.Context(), &kafkago.DescribeGroupsRequest{GroupIDs: []string{cfg.Group}})
				return err == nil && res.Groups[0].GroupState == "PreparingRebalance"
			})
		}
	}
	kf, cfg := embedded(t, 1, 1)
	joined, release := make(chan struct{}), make(chan struct{})
	t.Cleanup(func() { close(release) })
	kf.ControlKey(int16(kmsg.JoinGroup), func(kmsg.Request) (kmsg.Response, error, bool) {
		close(joined)
		kf.SleepControl(func() { <-release })
		return nil, nil, false
	})
	return cfg, func() { <-joined }
}

func newTestClient(t *testing.T, cfg Config) *client {
	t.Helper()
	c, err := newClient(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.close)
	return c
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}
