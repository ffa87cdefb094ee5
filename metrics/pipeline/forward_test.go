package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"log/slog"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/metrics/clickhouse"
	"dwell/metrics/pipeline"
)

const partitions = 4

// belongs is where dwell counts a subject.
func belongs(subject []byte) int { return balanced(partitioner, subject) }

var partitioner = kafkago.Murmur2Balancer{Consistent: true}

func balanced(b kafkago.Balancer, key []byte) int {
	return b.Balance(kafkago.Message{Key: key}, []int{0, 1, 2, 3}...)
}

// topic is a log of several partitions, and one shard for each.
type topic struct {
	t   *testing.T
	cfg pipeline.Config

	mu   sync.Mutex
	logs [partitions][]event.Record
	// power is what the store's process dies of, nil if it does not.
	power *cutting
	// forwards has how many writes were left at each forwarding.
	forwards []int
}

// add appends a record to a partition, as a broker does.
func (l *topic) add(partition int, r event.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r.Offset = int64(len(l.logs[partition]))
	l.logs[partition] = append(l.logs[partition], r)
}

func (l *topic) from(partition int, offset int64, most int) (records []event.Record, end int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := l.logs[partition]
	return slices.Clone(all[offset:min(int(offset)+most, len(all))]), int64(len(all))
}

func (l *topic) shard(id int, store pipeline.Store) *pipeline.Shard {
	return pipeline.New(l.cfg, id, pipeline.Parts{
		Store: store, DeadLetters: forgetsLetters, Commit: func(context.Context, int64) error { return nil },
		PartitionOf: belongs,
		WriteToOwners: func(_ context.Context, records ...event.Record) error {
			if c := l.power; c != nil && store == c {
				l.forwards = append(l.forwards, c.left)
				if c.dies() {
					if c.half && c.left == 0 {
						for _, r := range records[:len(records)/2] {
							l.add(belongs(r.Key), r)
						}
					}
					return errCut
				}
			}
			for _, r := range records {
				l.add(belongs(r.Key), r)
			}
			return nil
		},
		Forward: func(_ context.Context, shard int, records []event.Record) error {
			for _, r := range records {
				for other := range partitions {
					if r.SetAllPartitions(true); other != shard {
						l.add(other, r)
					}
				}
			}
			return nil
		},
		Observer: unobserved{}, Tracer: noop.NewTracerProvider().Tracer(""), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
}

// count counts all partitions in turns until their logs end. If the process dies, another one counts on over the store that is left.
func (l *topic) count(store *clickhouse.Store, batch int) {
	l.t.Helper()
	if l.power != nil {
		l.power.Store = store
		if err := l.countOver(l.power, batch); !errors.Is(err, errCut) {
			if err == nil && l.power.left > 0 {
				return
			}
			l.t.Fatalf("got error %v, want that the power is off", err)
		}
	}
	if err := l.countOver(store, batch); err != nil {
		l.t.Fatal(err)
	}
}

func (l *topic) countOver(store pipeline.Store, batch int) error {
	ctx, off := context.WithCancel(l.t.Context())
	defer off()
	if l.power != nil {
		l.power.off = off
	}
	var shards [partitions]*pipeline.Shard
	var next [partitions]int64
	for id := range shards {
		shards[id] = l.shard(id, store)
		var err error
		if next[id], err = shards[id].Open(ctx); err != nil {
			return err
		}
	}
	for idle := false; !idle; {
		idle = true
		for id, s := range shards {
			records, _ := l.from(id, next[id], batch)
			ends := len(records) == 0
			idle = idle && ends
			next[id] += int64(len(records))
			err := handle(ctx, s, records, next[id], farAhead)
			if err == nil && ends {
				if err = s.Close(ctx); err == nil {
					_, err = s.Open(ctx)
				}
			}
			if err != nil {
				return err
			}
		}
		for id := range shards { // a flush may have forwarded to a log that had ended
			_, end := l.from(id, next[id], 0)
			idle = idle && end == next[id]
		}
	}
	var errs []error
	for _, s := range shards {
		errs = append(errs, s.Close(ctx))
	}
	return errors.Join(errs...)
}

// counted is what the tables say, whatever was restated in between.
func counted(t *testing.T, store *clickhouse.Store) string {
	t.Helper()
	return fingerprint(t, store,
		"(SELECT * EXCEPT (as_of, month) FROM visits FINAL)",
		"(SELECT * EXCEPT as_of FROM windows FINAL WHERE n != 0)",
		"(SELECT * EXCEPT as_of FROM inside_now FINAL)",
		"(SELECT DISTINCT shard, subject, source, id, edition, time, data FROM events)",
	)
}

// produced is the log of producers that place records by a function of the record's number and its subject. Facts about places are in
// all partitions.
func produced(t *testing.T, cfg pipeline.Config, records []event.Record, place func(i int, r *event.Record) int) *topic {
	l := &topic{t: t, cfg: cfg}
	for i := range records {
		r := records[i].Clone()
		if r.AllPartitions() {
			for p := range partitions {
				l.add(p, r)
			}
			continue
		}
		p := place(i, &r)
		l.add(p, r)
	}
	return l
}

func sixPartitioners() func(i int, r *event.Record) int {
	rng := rand.New(rand.NewPCG(6, 6))
	roundRobin := &kafkago.RoundRobin{}
	return func(_ int, r *event.Record) int {
		switch rng.IntN(6) {
		case 0: // Java
			return balanced(kafkago.Murmur2Balancer{}, r.Key)
		case 1: // librdkafka
			return balanced(kafkago.CRC32Balancer{Consistent: true}, r.Key)
		case 2: // Sarama, and kafka-go's Hash
			return balanced(&kafkago.Hash{}, r.Key)
		case 3: // one's own, with a key of one's own
			h := fnv.New32a()
			_, _ = h.Write(r.Key)
			r.Key = fmt.Appendf(nil, "gate-%d", h.Sum32()%7)
			return int(h.Sum32() % partitions)
		case 4: // null keys
			r.Key = nil
			return rng.IntN(partitions)
		default:
			return balanced(roundRobin, r.Key)
		}
	}
}

func aBorder(t *testing.T, n int) ([]event.Record, pipeline.Config) {
	records, cfg := weeks(t, 1)
	cfg.FlushEvery = 0
	cfg.RetryMax = time.Millisecond
	return records[20_000 : 20_000+n], cfg
}

func properly(_ int, r *event.Record) int { return belongs(r.Key) }

// Producers that place records by six partitioners, in turns and each for any event of a truck, give the numbers of one that places them
// as dwell does.
func TestSixPartitionersGiveTheNumbersOfOne(t *testing.T) {
	records, cfg := aBorder(t, 6000)
	truth := open(t, cfg)
	produced(t, cfg, records, properly).count(truth, 500)
	want := counted(t, truth)
	store := open(t, cfg)
	l := produced(t, cfg, records, sixPartitioners())
	before := 0
	for _, log := range l.logs {
		before += len(log)
	}
	l.count(store, 500)
	if got := counted(t, store); got != want {
		t.Errorf("by six partitioners:\n%sby one:\n%s", got, want)
	}
	after := 0
	for _, log := range l.logs {
		after += len(log)
	}
	if copies := after - before; copies < 2000 || copies > 4500 {
		t.Errorf("%d of %d records were forwarded", copies, len(records))
	}
}
