package kafka

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func (l *ledger) untilReachable(t *testing.T) {
	t.Helper()
	probes := 0
	l.until(t, "a probe is done", func() bool { probes = l.probes; return l.probes > 0 })
	l.until(t, "kafka is reported to be reachable", func() bool { return l.probes > probes && l.unreached == nil })
}

func TestStoppedBrokerIsReportedUntilItIsBack(t *testing.T) {
	addr, stopBroker := stopping(t, 2)
	l := newLedger()
	var log bytes.Buffer
	_, stop := consumeAs(t, shortTimeouts(config(addr)), l, l, slog.New(slog.NewTextHandler(&log, nil)))
	l.untilReachable(t)
	l.until(t, "the process has joined", func() bool { return l.joined && len(l.assigned) == 2 })
	startBroker := stopBroker()
	l.until(t, "kafka is reported to be away", func() bool { return l.unreached != nil })
	l.until(t, "the process is not in the group", func() bool { return !l.joined })
	tries := 0
	l.until(t, "joining has begun to fail", func() bool { tries = l.failed[GroupFailure]; return true })
	l.until(t, "joining fails again and again", func() bool { return l.failed[GroupFailure] > tries+5 })
	startBroker()
	l.untilReachable(t)
	l.until(t, "the process has joined again", func() bool { return l.joined && len(l.assigned) == 2 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	// Apache Kafka does not coordinate groups in its first second, which is a trouble of its own.
	for _, line := range []string{"cannot join the group", "joined the group again"} {
		if n := strings.Count(log.String(), line); n != 1 && n != 2 {
			t.Errorf("%q is logged %d times:\n%s", line, n, log.String())
		}
	}
	l.check(t)
}

// TestBrokerThatDoesNotServeIsReported has a broker whose port can be reached all the time.
func TestBrokerThatDoesNotServeIsReported(t *testing.T) {
	embeddedOnly(t)
	type control = func(kmsg.Request) (kmsg.Response, error, bool)
	for _, c := range []struct {
		name string
		key  kmsg.Key
		does func(back <-chan struct{}) control
		says string
	}{
		{"accepts requests and answers none", kmsg.OffsetFetch, func(back <-chan struct{}) control {
			return func(kmsg.Request) (kmsg.Response, error, bool) {
				<-back // it has one goroutine for all connections
				return nil, nil, false
			}
		}, "has not answered"},
		{"does not coordinate the group", kmsg.OffsetFetch, func(<-chan struct{}) control {
			return func(r kmsg.Request) (kmsg.Response, error, bool) {
				res := r.ResponseKind().(*kmsg.OffsetFetchResponse)
				res.ErrorCode = int16(kafkago.NotCoordinatorForGroup)
				return res, nil, true
			}
		}, "Not Coordinator"},
		{"closes connections that fetch", kmsg.Fetch, func(<-chan struct{}) control {
			return func(kmsg.Request) (kmsg.Response, error, bool) { return nil, errors.New("closed"), true }
		}, "no answer to fetches of partitions [0 1]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			kf, cfg := embedded(t, 1, 2)
			l := newLedger()
			_, stop := consume(t, cfg, l)
			l.untilReachable(t)
			back := make(chan struct{})
			ended := controlUntil(kf, c.key, back, c.does(back))
			l.until(t, "kafka is reported to be away", func() bool { return l.unreached != nil })
			l.mu.Lock()
			said := fmt.Sprint(l.unreached)
			l.mu.Unlock()
			if !strings.Contains(said, c.says) {
				t.Errorf("reported: %s; want %q", said, c.says)
			}
			close(back)
			<-ended
			l.untilReachable(t)
			if err := stop(); err != nil {
				t.Fatal(err)
			}
			l.check(t)
		})
	}
}

// controlUntil has a broker do something else with all requests of a kind until back is closed, and says when it has ended.
func controlUntil(kf *kfake.Cluster, key kmsg.Key, back <-chan struct{}, do func(kmsg.Request) (kmsg.Response, error, bool)) (ended <-chan struct{}) {
	end := make(chan struct{})
	over := sync.OnceFunc(func() { close(end) })
	kf.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
		res, err, handled := do(r)
		select {
		case <-back:
			over()
			return nil, nil, false
		default:
			kf.KeepControl()
			return res, err, handled
		}
	})
	return end
}

// TestGroupWithoutMembersIsNoOutage asks as a new process does before it has joined: the embedded broker does not know the group then.
func TestGroupWithoutMembersIsNoOutage(t *testing.T) {
	embeddedOnly(t)
	_, cfg := embedded(t, 1, 2)
	l := newLedger()
	c, err := New(cfg, l.handler, l, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.coordinator(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestMemberWithoutPartitionsHasJoined(t *testing.T) {
	cfg := config(start(t, 1))
	first, second := newLedger(), newLedger()
	_, stopFirst := consume(t, cfg, first)
	first.until(t, "the first has the partition", func() bool { return first.joined && len(first.assigned) == 1 })
	_, stopSecond := consume(t, cfg, second)
	has := func(l *ledger) int {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.joined {
			return -1
		}
		return len(l.assigned)
	}
	until(t, "both have joined, one of them with the partition", func() bool {
		a, b := has(first), has(second)
		return a >= 0 && b >= 0 && a+b == 1
	})
	second.untilReachable(t)
	for _, stop := range []func() error{stopFirst, stopSecond} {
		if err := stop(); err != nil {
			t.Fatal(err)
		}
	}
	if has(first) >= 0 || has(second) >= 0 {
		t.Error("a member that has left the group is still said to be in it")
	}
}

// What is not applied yet is the end of the log, as fetches bring it, less where reading began, also while the handler is at work.
func TestEndOfTheLogIsReportedWhileTheHandlerWorks(t *testing.T) {
	cfg := config(start(t, 1))
	p, want, l := producer(t, cfg), map[int][]string{}, newLedger()
	write(t, p, 1, 0, 30, want)
	release := make(chan struct{})
	l.onWrite = func(int) { <-release }
	_, stop := consume(t, cfg, l)
	l.until(t, "reading has begun at the first record", func() bool { next, open := l.opened[0]; return open && next == 0 })
	l.until(t, "the end of the log is known", func() bool { return l.ends[0] == 30 })
	write(t, p, 1, 30, 12, want)
	l.until(t, "the later end is known", func() bool { return l.ends[0] == 42 })
	close(release)
	l.until(t, "all is stored", func() bool { return l.total() == 42 })
	if err := stop(); err != nil {
		t.Fatal(err)
	}
	l.check(t)
}
