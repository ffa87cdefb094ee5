package broker_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"dwell/deploy/embedded/broker/brokertest"
)

// gate is a producer of customs' gate software, which sends in transactions. Each process of it has the same transactional id.
func gate(t *testing.T, addr string, opts ...kgo.Opt) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.DefaultProduceTopic(topic), kgo.RecordPartitioner(kgo.ManualPartitioner()))...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// sends begins a transaction, and ends it unless how is nil: then the process is gone.
func sends(t *testing.T, addr string, how *kgo.TransactionEndTry, values ...string) {
	t.Helper()
	c := gate(t, addr, kgo.TransactionalID("gate"))
	defer c.Close()
	if err := c.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	for _, v := range values {
		if err := c.ProduceSync(t.Context(), kgo.StringRecord(v)).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
	if how == nil {
		return
	}
	if err := c.EndTransaction(t.Context(), *how); err != nil {
		t.Fatal(err)
	}
}

// A consumer that comes late asks for little at once, so that each response ends in the middle of what a partition has. It reads none of the
// records of transactions that were aborted.
func TestSmallFetchesLeaveOutAbortedRecords(t *testing.T) {
	commit, abort := kgo.TryCommit, kgo.TryAbort
	addr := brokertest.Start(t, brokertest.Topic(topic, 2))
	var want []string
	for i := range 12 {
		how, value := &abort, strings.Repeat("a", 700)
		if i%3 == 0 {
			how, value = &commit, strings.Repeat("c", 700)
			want = append(want, value, value, value)
		}
		sends(t, addr, how, value, value, value)
	}
	for _, most := range []int32{1, 800, 1000, 1700, 2500, 4000, 10_000, 50_000} {
		got := committedValues(t, addr, kgo.FetchMaxBytes(most), kgo.FetchMaxPartitionBytes(most))
		if !slices.Equal(got, want) {
			t.Errorf("with fetches of %d bytes a consumer reads %d records, of which %d are committed; want %d", most, len(got), strings.Count(strings.Join(got, ""), "c")/700, len(want))
		}
	}
}

// committedValues are what a consumer reads of partition 0 that reads committed records alone, up to one that is sent now.
func committedValues(t *testing.T, addr string, opts ...kgo.Opt) (values []string) {
	t.Helper()
	p := gate(t, addr)
	defer p.Close()
	now, err := p.ProduceSync(t.Context(), kgo.StringRecord("now")).First()
	if err != nil {
		t.Fatal(err)
	}
	c, err := kgo.NewClient(append(opts, kgo.SeedBrokers(addr), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.KeepControlRecords(),
		kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: {0: kgo.NewOffset().AtStart()}}))...)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for next := int64(0); next <= now.Offset; {
		fetches := c.PollFetches(t.Context())
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() && string(r.Value) != "now" {
				values = append(values, string(r.Value))
			}
		})
	}
	return values
}

// A producer is gone in the middle of a transaction as the broker is killed. What it sent is aborted, and stays so whatever the producer
// sends afterwards, and however often the broker is killed or stopped.
func TestTransactionOfAKilledBrokerStaysAborted(t *testing.T) {
	commit, abort := kgo.TryCommit, kgo.TryAbort
	start := map[string]func(t *testing.T, dir string) (string, func()){
		"killed": child,
		"stopped": func(t *testing.T, dir string) (string, func()) {
			return brokertest.StartStop(t, brokertest.DataDir(dir), brokertest.Topic(topic, 2))
		},
	}
	for name, story := range map[string]struct {
		ends []string // of the broker: after the transaction that is left open, and after each of those that follow
		then []*kgo.TransactionEndTry
	}{
		"a commit follows":                      {[]string{"killed", "killed", "killed"}, []*kgo.TransactionEndTry{&commit}},
		"an abort follows":                      {[]string{"killed", "stopped", "killed"}, []*kgo.TransactionEndTry{&abort}},
		"commits and an abort follow":           {[]string{"killed", "killed", "stopped", "killed", "killed"}, []*kgo.TransactionEndTry{&commit, &abort, &commit}},
		"stopped, and killed before any record": {[]string{"stopped", "killed", "killed"}, []*kgo.TransactionEndTry{nil, &commit}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			var want []string
			addr, end := start[story.ends[0]](t, dir)
			committedValues(t, addr)
			sends(t, addr, nil, "left 1", "left 2")
			end()
			for i, how := range story.then {
				addr, end = start[story.ends[i+1]](t, dir)
				if how != nil {
					value := strings.Repeat("x", i+1)
					sends(t, addr, how, value)
					if *how == commit {
						want = append(want, value)
					}
					if got := committedValues(t, addr); !slices.Equal(got, want) {
						t.Errorf("start %d: a consumer reads %q, want %q", i+1, got, want)
					}
				}
				end()
			}
			addr, _ = start[story.ends[len(story.ends)-1]](t, dir)
			if got := committedValues(t, addr); !slices.Equal(got, want) {
				t.Errorf("in the end a consumer reads %q, want %q", got, want)
			}
		})
	}
}
