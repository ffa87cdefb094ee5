package kafka

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/event"
	"dwell/ingest/kafka/apachetest"
)

// load writes numbers until stop, which returns how many and what each partition must hold. The log has each of them once
// and in order whatever becomes of the brokers, since this producer is idempotent.
func load(t *testing.T, cfg Config, partitions int) (stop func() (n int, want map[int][]string)) {
	t.Helper()
	c := franz(t, cfg, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), // the Java client's default
		kgo.MetadataMinAge(50*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }))
	return loadBy(t, partitions, func(ctx context.Context, ms ...event.Record) error {
		var records []*kgo.Record
		for _, m := range ms {
			records = append(records, kgo.KeySliceRecord(m.Key, m.Value))
		}
		return c.ProduceSync(ctx, records...).FirstErr()
	})
}

// loadBy is load by any producer. What it could not write is written again.
func loadBy(t *testing.T, partitions int, write func(context.Context, ...event.Record) error) (stop func() (int, map[int][]string)) {
	t.Helper()
	end, ended := make(chan struct{}), make(chan struct{})
	n, want := 0, map[int][]string{}
	go func() {
		defer close(ended)
		for {
			select {
			case <-end:
				return
			default:
			}
			var burst []event.Record
			for range 20 {
				m := event.Record{Key: fmt.Appendf(nil, "T%d", n%97), Value: []byte(strconv.Itoa(n)), Time: time.Now().UnixMilli()}
				to := PartitionOf(m.Key, partitions)
				want[to] = append(want[to], string(m.Value))
				burst = append(burst, m)
				n++
			}
			for err := write(t.Context(), burst...); err != nil; err = write(t.Context(), burst...) {
				if t.Context().Err() != nil {
					return
				}
			}
		}
	}()
	stop = sync.OnceValues(func() (int, map[int][]string) {
		close(end)
		<-ended
		return n, want
	})
	t.Cleanup(func() { stop() })
	return stop
}

func TestLeadersMoveUnderLoad(t *testing.T) {
	const partitions = 6
	c, cfg := startCluster(t, 3, partitions)
	l := newLedger()
	_, stop := consume(t, cfg, l)
	stopLoad := load(t, cfg, partitions)
	for range 4 {
		l.more(t, 500)
		c.moveLeaders(t, cfg)
	}
	l.more(t, 500)
	n, want := stopLoad()
	l.until(t, fmt.Sprintf("all %d records are stored", n), func() bool { return l.total() == n })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
}

// Each broker in turn leaves the cluster: among them those that keep the group, and lead the controllers.
func TestBrokersStopAndReturnUnderLoad(t *testing.T) {
	const partitions = 6
	c, cfg := startCluster(t, 3, partitions)
	l := newLedger()
	_, stop := consume(t, cfg, l)
	stopLoad := load(t, cfg, partitions)
	for broker := range 3 {
		l.more(t, 500)
		c.leave(t, broker)
		l.more(t, 500)
		c.comeBack(t, broker)
	}
	l.more(t, 500)
	n, want := stopLoad()
	l.until(t, fmt.Sprintf("all %d records are stored", n), func() bool { return l.total() == n })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
}

// A write that is tried again may be in the log twice, so that what counts is where a record is first.
func TestAcknowledgedRecordsSurviveALostBroker(t *testing.T) {
	const partitions = 6
	c, cfg := startCluster(t, 3, partitions)
	l := newLedger()
	_, stop := consume(t, cfg, l)
	stopLoad := loadBy(t, partitions, producer(t, cfg).Write)
	l.more(t, 500)
	c.leave(t, 1)
	l.more(t, 500)
	c.comeBack(t, 1)
	l.more(t, 500)
	n, want := stopLoad()
	first := map[int][]string{}
	l.until(t, fmt.Sprintf("all %d records are stored", n), func() bool {
		there := 0
		for p, values := range l.values {
			first[p] = firsts(values)
			there += len(first[p])
		}
		return there == n
	})
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	for p := range partitions {
		if !slices.Equal(first[p], want[p]) {
			t.Errorf("partition %d holds %d records, want %d, or in another order", p, len(first[p]), len(want[p]))
		}
	}
}

// firsts removes duplicates.
func firsts(values []string) (once []string) {
	seen := map[string]bool{}
	for _, v := range values {
		if !seen[v] {
			once, seen[v] = append(once, v), true
		}
	}
	return once
}

func TestBrokerRestartsUnderLoad(t *testing.T) {
	addr, restart := restarting(t, 3)
	cfg := shortTimeouts(config(addr))
	l := newLedger()
	_, stop := consume(t, cfg, l)
	stopLoad := load(t, cfg, 3)
	for range 3 {
		l.more(t, 500)
		restart()
	}
	l.more(t, 500)
	n, want := stopLoad()
	l.until(t, fmt.Sprintf("all %d records are stored", n), func() bool { return l.total() == n })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
	l.holds(t, want)
}

// restarting starts a single broker, which restart ends and starts again with what it had.
func restarting(t *testing.T, partitions int) (addr string, restart func()) {
	t.Helper()
	addr, stop := stopping(t, partitions)
	return addr, func() { stop()() }
}

// stopping starts a single broker, which stop ends and start starts again with what it had.
func stopping(t *testing.T, partitions int) (addr string, stop func() (start func())) {
	t.Helper()
	if apachetest.Wanted() {
		c := apachetest.Start(t, apachetest.Config{Topics: topics(partitions)})
		return c.Addrs()[0], func() (start func()) {
			c.Kill(1)
			return func() { c.Restart(1) }
		}
	}
	dir, port := t.TempDir(), freePort(t)
	up := func() (addr string, down func()) {
		addr, down = brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Port(port),
			brokertest.Topic(topic, partitions), brokertest.Topic(letters, 1))
		t.Cleanup(down)
		return addr, down
	}
	addr, down := up()
	return addr, func() (start func()) {
		down()
		return func() { _, down = up() }
	}
}
