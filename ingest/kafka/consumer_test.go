package kafka

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kmsg"

	"dwell/ingest/event"
)

// write writes the numbers from first on, keyed so that they spread over the partitions, and returns what each partition
// must hold.
func write(t *testing.T, p *Producer, partitions, first, n int, want map[int][]string) {
	t.Helper()
	var ms []event.Record
	for i := first; i < first+n; i++ {
		key := fmt.Appendf(nil, "T%d", i%97)
		ms = append(ms, event.Record{Key: key, Value: []byte(strconv.Itoa(i)), Time: 1_700_000_000_000 + int64(i)})
		to := PartitionOf(key, partitions)
		want[to] = append(want[to], strconv.Itoa(i))
	}
	if err := p.Write(t.Context(), ms...); err != nil {
		t.Error(err)
	}
}

func (l *ledger) holds(t *testing.T, want map[int][]string) {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	for p, w := range want {
		if !slices.Equal(l.values[p], w) {
			t.Errorf("partition %d holds %d records, want %d, or in another order", p, len(l.values[p]), len(w))
		}
	}
}

func TestEveryRecordIsHandledOnceAndInOrder(t *testing.T) {
	const partitions = 4
	cfg := config(start(t, partitions))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	write(t, p, partitions, 0, 5000, want)
	_, stop := consume(t, cfg, l)
	l.until(t, "the first records are stored", func() bool { return l.total() == 5000 })
	write(t, p, partitions, 5000, 3000, want)
	l.until(t, "the later records are stored", func() bool { return l.total() == 8000 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
}

func TestRebalancesUnderLoadSkipNothing(t *testing.T) {
	const partitions = 6
	cfg := config(start(t, partitions))
	l, stopLoad := newLedger(), load(t, cfg, partitions)
	_, stopFirst := consume(t, cfg, l)
	l.more(t, 2000)
	second := &share{ledger: l}
	_, stopSecond := consumeAs(t, cfg, l, second, slog.New(slog.DiscardHandler))
	l.until(t, "the second member has partitions", func() bool { return second.given > 0 })
	l.more(t, 2000)
	if err := stopFirst(); err != nil {
		t.Fatal(err)
	}
	l.more(t, 2000)
	_, stopThird := consume(t, cfg, l)
	l.more(t, 2000)
	if err := stopSecond(); err != nil {
		t.Fatal(err)
	}
	l.more(t, 2000)
	n, want := stopLoad()
	l.until(t, fmt.Sprintf("all %d records are stored", n), func() bool { return l.total() == n })
	if err := stopThird(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
}

// share is the Observer of a second process on the same ledger; it counts how many partitions it was given.
type share struct {
	*ledger
	given int
}

func (s *share) Assigned(_ int, now bool) {
	if now {
		s.update(func() { s.given++ })
	}
}

func TestCommittedOffsetIsForToolsOnly(t *testing.T) {
	cfg := config(start(t, 1))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	write(t, p, 1, 0, 100, want)
	c, stop := consume(t, cfg, l)
	l.until(t, "all is stored", func() bool { return l.total() == 100 })
	c.Commit(0, 77, "known again")
	c.Commit(5, 1, "")
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	r, err := p.client.OffsetFetch(t.Context(), &kafkago.OffsetFetchRequest{
		GroupID: cfg.Group, Topics: map[string][]int{topic: {0}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := r.Topics[topic][0]; got.CommittedOffset != 77 || got.Metadata != "known again" {
		t.Errorf("committed %+v, want 77, known again", got)
	}

	// What is stored was lost, so all is read again, whatever the group says.
	again := newLedger()
	_, stop = consume(t, cfg, again)
	again.until(t, "all is stored again", func() bool { return again.total() == 100 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	again.check(t)
	again.holds(t, want)
}

func TestFailedCommitIsMadeAgain(t *testing.T) {
	embeddedOnly(t)
	kf, cfg := embedded(t, 1, 1)
	cfg.CommitInterval = 10 * time.Millisecond
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	refused := make(chan struct{})
	kf.ControlKey(int16(kmsg.OffsetCommit), func(r kmsg.Request) (kmsg.Response, error, bool) {
		close(refused) // the first commit alone
		res := r.ResponseKind().(*kmsg.OffsetCommitResponse)
		of := kmsg.NewOffsetCommitResponseTopicPartition()
		of.ErrorCode = int16(kafkago.KafkaStorageError)
		res.Topics = []kmsg.OffsetCommitResponseTopic{{Topic: topic, Partitions: []kmsg.OffsetCommitResponseTopicPartition{of}}}
		return res, nil, true
	})
	write(t, p, 1, 0, 100, want)
	c, _ := consume(t, cfg, l)
	l.until(t, "all is stored", func() bool { return l.total() == 100 })
	c.Commit(0, 77, "known again")
	<-refused
	until(t, "the offset is committed", func() bool {
		next, metadata, err := c.Committed(t.Context(), 0)
		return err == nil && next == 77 && metadata == "known again"
	})
}

func TestFailedHandlerIsReopenedAtItsOwnOffset(t *testing.T) {
	cfg := config(start(t, 2))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	refusals := 0
	l.onHandle = func(_ context.Context, _ int, b Batch) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(b.Records) > 0 && refusals < 7 {
			refusals++
			return errRefused
		}
		return nil
	}
	write(t, p, 2, 0, 1000, want)
	_, stop := consume(t, cfg, l)
	l.until(t, "all is stored", func() bool { return l.total() == 1000 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
	if l.failed[HandleFailure] != 7 {
		t.Errorf("%d failures were reported, want 7", l.failed[HandleFailure])
	}
}

// A Handler that asks to be opened again has said why: it is opened again, and that is no failure.
func TestHandlerThatAsksIsReopenedAndNothingFails(t *testing.T) {
	cfg := config(start(t, 2))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	asked := 0
	l.onHandle = func(_ context.Context, _ int, b Batch) error {
		l.mu.Lock()
		defer l.mu.Unlock()
		if len(b.Records) > 0 && asked < 7 {
			asked++
			return fmt.Errorf("%w: the log is another one", ErrReopen)
		}
		return nil
	}
	write(t, p, 2, 0, 1000, want)
	var log bytes.Buffer
	_, stop := consumeAs(t, cfg, l, l, slog.New(slog.NewTextHandler(&log, nil)))
	l.until(t, "all is stored", func() bool { return l.total() == 1000 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
	if asked != 7 || l.failed[HandleFailure] != 0 || strings.Contains(log.String(), "the log is another one") {
		t.Errorf("asked %d times, %v failed:\n%s", asked, l.failed, log.String())
	}
}

func TestSlowHandlerPausesOnlyItsPartition(t *testing.T) {
	cfg := config(start(t, 2))
	cfg.FetchBytes, cfg.BufferBytes = 8<<10, 32<<10
	cfg.Compression = "none"
	p, l := producer(t, cfg), newLedger()
	release := make(chan struct{})
	l.onHandle = func(_ context.Context, partition int, b Batch) error {
		if partition == 0 && len(b.Records) > 0 {
			<-release
		}
		return nil
	}
	value := make([]byte, 900)
	var keys [2][]byte
	for i := 0; keys[0] == nil || keys[1] == nil; i++ {
		key := strconv.AppendInt(nil, int64(i), 10)
		keys[PartitionOf(key, 2)] = key
	}
	for range 200 {
		var ms []event.Record
		for range 5 {
			ms = append(ms, event.Record{Key: keys[0], Value: value}, event.Record{Key: keys[1], Value: value})
		}
		if err := p.Write(t.Context(), ms...); err != nil {
			t.Fatal(err)
		}
	}
	_, stop := consume(t, cfg, l)
	l.until(t, "the other partition is stored", func() bool { return len(l.values[1]) == 1000 })
	l.until(t, "the slow one's buffer is full", func() bool { return l.buffer[0] >= cfg.BufferBytes })
	if len(l.values[0]) != 0 {
		t.Error("the slow handler's records are stored")
	}
	close(release)
	l.until(t, "the slow one is stored", func() bool { return len(l.values[0]) == 1000 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	if most := cfg.BufferBytes + cfg.FetchBytes; l.highest > most {
		t.Errorf("%d bytes waited, want %d at most", l.highest, most)
	}
}

// There are more partitions than may handle at once, and all but one wait for their store.
func TestWritingHandlerTakesNoDecodeSlot(t *testing.T) {
	n := 2*runtime.GOMAXPROCS(0) + 2
	cfg := config(start(t, n))
	p, l := producer(t, cfg), newLedger()
	waiting, release := context.WithCancel(t.Context())
	l.onWrite = func(partition int) {
		if partition > 0 {
			<-waiting.Done()
		}
	}
	keys := make([][]byte, n)
	for i, left := 0, n; left > 0; i++ {
		key := strconv.AppendInt(nil, int64(i), 10)
		if of := PartitionOf(key, n); keys[of] == nil {
			keys[of] = key
			left--
		}
	}
	_, stop := consume(t, cfg, l)
	for _, key := range keys {
		if err := p.Write(t.Context(), event.Record{Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	l.until(t, "each has handled what it has", func() bool { return l.total() == n })
	for range 10 {
		if err := p.Write(t.Context(), event.Record{Key: keys[0]}, event.Record{Key: keys[1]}); err != nil {
			t.Fatal(err)
		}
	}
	l.until(t, "partition 0 continues", func() bool { return len(l.values[0]) == 11 })
	release()
	l.until(t, "partition 1 continues", func() bool { return len(l.values[1]) == 11 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
}

func TestRevocationWaitsForTheBusyHandler(t *testing.T) {
	cfg := config(start(t, 1))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	working, finish := make(chan struct{}), make(chan struct{})
	first := true
	l.onHandle = func(ctx context.Context, _ int, b Batch) error {
		if len(b.Records) > 0 && first {
			first = false
			close(working)
			<-finish
		}
		return ctx.Err()
	}
	write(t, p, 1, 0, 100, want)
	_, stop := consume(t, cfg, l)
	<-working
	stopped := make(chan error)
	go func() { stopped <- stop() }()
	select {
	case err := <-stopped:
		t.Fatal("the consumer stopped while its handler was at work", err)
	case finish <- struct{}{}:
	}
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
}

func TestHandlerIsCancelledAfterTheDrainTimeout(t *testing.T) {
	cfg := config(start(t, 1))
	cfg.DrainTimeout = cfg.BackoffMin
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	working := make(chan struct{})
	l.onHandle = func(ctx context.Context, _ int, b Batch) error {
		if len(b.Records) == 0 {
			return nil
		}
		close(working)
		<-ctx.Done()
		return ctx.Err()
	}
	write(t, p, 1, 0, 10, want)
	_, stop := consume(t, cfg, l)
	<-working
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	if l.total() != 0 || l.failed[HandleFailure] != 1 {
		t.Errorf("%d records stored, %d failures", l.total(), l.failed[HandleFailure])
	}
}
