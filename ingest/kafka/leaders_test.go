package kafka

import (
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker/brokertest"
	"dwell/ingest/kafka/apachetest"
)

// load writes numbers until stop, which returns how many and what each partition must hold. The log has each of them once
// and in order whatever becomes of the brokers, since this producer is idempotent.
func load(t *testing.T, cfg Config, partitions int) (stop func() (n int, want map[int][]string)) {
	t.Helper()
	c := franz(t, cfg, kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), // the Java client's default
		kgo.MetadataMinAge(50*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }))
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
			var burst []*kgo.Record
			for range 20 {
				r := &kgo.Record{Key: fmt.Appendf(nil, "T%d", n%97), Value: []byte(strconv.Itoa(n))}
				to := PartitionOf(r.Key, partitions)
				want[to] = append(want[to], strconv.Itoa(n))
				burst = append(burst, r)
				n++
			}
			if err := c.ProduceSync(t.Context(), burst...).FirstErr(); err != nil {
				t.Error(err)
				return
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
func TestBrokersLeaveAndComeBackUnderLoad(t *testing.T) {
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

func TestTheBrokerRestartsUnderLoad(t *testing.T) {
	addr, restart := restarting(t, 3)
	cfg := unsettled(config(addr))
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
	if apachetest.Wanted() {
		c := apachetest.Start(t, apachetest.Config{Topics: topics(partitions)})
		return c.Addrs()[0], func() {
			c.Kill(1)
			c.Restart(1)
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
	return addr, func() {
		down()
		_, down = up()
	}
}
