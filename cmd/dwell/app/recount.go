package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace/noop"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
	"dwell/metrics/clickhouse"
	"dwell/metrics/engine"
	"dwell/metrics/pipeline"
	"dwell/metrics/prom"
)

// Recount counts all records again, by the rules of the configuration, and puts the new tables in force:
//
//	events, dead_letters ── records ──┐
//	                                  ├── one shard per partition ── new tables ── swap
//	topic, from where they end ───────┘
//
// It returns how many records it has counted. It is refused while another process counts, and where records are missing. Until the
// swap the old tables stay as they are; an error before it discards the new ones. After it the system must not count: its Store may have
// other codes of names than the new tables.
func (s *System) Recount(ctx context.Context) (records int64, err error) {
	if err := s.checkRecount(ctx); err != nil {
		return 0, err
	}
	r := &recount{System: s, cfg: s.Config.pipeline(s.Book, s.Vocabulary)}
	// A retention that is configured holds from where a shard is when it is counted next, not from the beginning of its log.
	r.cfg.LeaveRetentions = true
	if err := r.plan(ctx); err != nil {
		return 0, err
	}
	if r.fresh, err = s.Store.BeginRecount(ctx); err != nil {
		return 0, err
	}
	err = r.count(ctx)
	if err == nil {
		err = s.alone(ctx)
	}
	for p := range r.shards {
		if err == nil {
			err = r.stillOurs(ctx, p)
		}
	}
	if err != nil {
		return 0, errors.Join(err, r.fresh.Discard(ctx))
	}
	return r.counted.records.Load(), r.fresh.Swap(context.WithoutCancel(ctx))
}

// checkRecount refuses what would not give the tables of this topic.
func (s *System) checkRecount(ctx context.Context) error {
	if err := s.checkPartitions(ctx); err != nil {
		return err
	}
	rules, err := s.Store.Rules(ctx)
	if err != nil && !clickhouse.IsDamage(err) { // a recount makes the table again
		return err
	}
	if was, counted := rules[topicRule]; counted && was != s.Config.Kafka.Topic {
		return fmt.Errorf("%s is %q, but the tables were counted from %q: set it back, or count the new topic into a new clickhouse.database", topicRule, s.Config.Kafka.Topic, was)
	}
	if err := s.zonesAreKnown(ctx); err != nil {
		return err
	}
	if err := s.alone(ctx); err != nil {
		return err
	}
	return s.Store.RoomToRecount(ctx)
}

// alone refuses to work beside processes that count. One that has the data folder cannot be beside this one.
func (s *System) alone(ctx context.Context) error {
	k := s.Config.Kafka
	if k.Embedded {
		return nil
	}
	members, err := kafka.Members(ctx, k.Config)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	if members > 0 {
		return fmt.Errorf("group %q has %d members: stop all processes before a recount; one that was killed leaves the group after %v", k.Group, members, k.SessionTimeout)
	}
	return nil
}

// recount is the work of Recount.
type recount struct {
	*System
	cfg     pipeline.Config
	fresh   *clickhouse.Recount
	shards  []recountShard // by partition
	counted tally
}

// recountShard is what was counted of a partition, and from where it is counted again.
type recountShard struct {
	owner engine.Owner // of the old tables
	was   engine.Progress
	// records before the offset from come from the tables, the others from Kafka, which ends at end.
	from, end int64
	// away is how many of those from the tables were forwarded to the shards of their subjects, which a flush counts.
	away atomic.Int64
}

// plan acquires the shards of the old tables, which fences instances that write to them, and finds where their records are. Where the
// tables lack some, Kafka is read from its first record on; whether that has all is checked when it has been counted.
func (r *recount) plan(ctx context.Context) error {
	firsts, ends, err := kafka.Bounds(ctx, r.Config.Kafka.Config)
	if err != nil {
		return fmt.Errorf("kafka: %w", err)
	}
	r.shards = make([]recountShard, len(ends))
	for p := range r.shards {
		shard := &r.shards[p]
		if shard.owner, _, err = r.Store.AcquireEpoch(ctx, p); err != nil {
			return err
		}
		if shard.was, err = r.Store.Progress(ctx, p); err != nil {
			return err
		}
		has, err := r.Store.RecordsBefore(ctx, p, shard.was.Offset)
		if err != nil {
			return err
		}
		shard.from, shard.end = shard.was.Offset, ends[p]
		if has < shard.was.Records {
			if shard.from = firsts[p]; shard.from >= shard.was.Offset {
				return r.missing(p, has)
			}
		}
	}
	return nil
}

func (r *recount) missing(partition int, has int64) error {
	shard := &r.shards[partition]
	return fmt.Errorf("shard %d: the tables events and dead_letters, with what topic %q still has, have %d of the %d records that were counted: "+
		"a recount would lose the others, so the tables stay", partition, r.Config.Kafka.Topic, has, shard.was.Records)
}

// stillOurs fails if another instance has opened the shard since.
func (r *recount) stillOurs(ctx context.Context, partition int) error {
	err := r.Store.AnnounceFlush(ctx, partition, r.shards[partition].owner, 0)
	if errors.Is(err, engine.ErrFenced) {
		return clickhouse.ErrAbandoned
	}
	return err
}

// count fills the new tables.
func (r *recount) count(ctx context.Context) error {
	r.counted.Observer = prom.New(prometheus.NewRegistry(), r.Vocabulary, r.Book.Places, r.border.Overview, nil, func(string) prom.Place { return prom.Place{} }, func() prom.Health { return prom.Health{} })
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var watching sync.WaitGroup
	defer watching.Wait()
	defer stop(nil)
	watching.Go(func() { r.watch(ctx, stop) })
	err := r.fresh.WriteRules(ctx, r.rules())
	if err == nil {
		err = r.fresh.CopyRetentions(ctx)
	}
	if err == nil {
		err = r.fresh.CopyOtherLetters(ctx)
	}
	if err == nil {
		err = r.countTables(ctx)
	}
	if err == nil {
		err = r.fresh.CopyOwners(ctx)
	}
	if err == nil {
		err = r.countTopic(ctx)
	}
	if cause := context.Cause(ctx); errors.Is(cause, clickhouse.ErrAbandoned) {
		return cause
	}
	if err != nil {
		return err
	}
	for p := range r.shards {
		if err := r.complete(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// complete checks that the new tables have what the old ones had.
func (r *recount) complete(ctx context.Context, partition int) error {
	was := r.shards[partition].was
	now, err := r.fresh.Progress(ctx, partition)
	if err != nil {
		return err
	}
	has, err := r.fresh.RecordsBefore(ctx, partition, was.Offset)
	if err != nil {
		return err
	}
	if has+r.shards[partition].away.Load() < was.Records {
		return r.missing(partition, has)
	}
	if now.Offset < was.Offset {
		return fmt.Errorf("shard %d was counted up to offset %d, and before up to %d: topic %q has lost records", partition, now.Offset, was.Offset, r.Config.Kafka.Topic)
	}
	return nil
}

// watch says each second how much is counted, and stops the recount when another process has abandoned it: its tables are gone, and
// writes to them would be tried again without end.
func (r *recount) watch(ctx context.Context, stop context.CancelCauseFunc) {
	var all int64
	for i := range r.shards {
		shard := &r.shards[i]
		all += shard.was.Records + max(0, shard.end-shard.was.Offset)
	}
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			r.Doing("recount", fmt.Sprintf("%d of about %d records", r.counted.records.Load(), all))
			if err := r.fresh.Going(ctx); errors.Is(err, clickhouse.ErrAbandoned) {
				stop(err)
				return
			}
		}
	}
}

// newShard makes a shard of the new tables. The dead-letter topic has the letters of what was counted before. Facts about places are
// forwarded, for one that was a dead letter never was; those that were have the mark of all partitions. So is what a version before counted
// where it lies.
func (r *recount) newShard(partition int, budget *pipeline.Budget, toOwners func(context.Context, ...event.Record) error) *pipeline.Shard {
	before := r.shards[partition].was.Offset
	return pipeline.New(r.cfg, partition, pipeline.Parts{
		Budget: budget, Store: r.fresh,
		DeadLetters: func(ctx context.Context, letters ...event.DeadLetter) error {
			var fresh []event.DeadLetter
			for _, d := range letters {
				if d.Origin.Number >= before {
					fresh = append(fresh, d)
				}
			}
			return r.Producer.DeadLetters(ctx, fresh...)
		},
		PartitionOf: r.partitionOf, WriteToOwners: toOwners, Forward: r.Producer.Forward,
		Commit:   func(context.Context, int64) error { return nil },
		Observer: &r.counted, Tracer: noop.NewTracerProvider().Tracer(""), Log: r.Log, Now: time.Now,
	})
}

// page is how many offsets are read at a time.
const page = 1 << 14

// countTables counts what the old tables have, several shards at a time.
func (r *recount) countTables(ctx context.Context) error {
	budget := pipeline.NewBudget(r.cfg.FlushBytes)
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	places := make(chan struct{}, r.Config.ClickHouse.PoolSize)
	var all sync.WaitGroup
	for p := range r.shards {
		all.Go(func() {
			places <- struct{}{}
			defer func() { <-places }()
			if err := r.countTable(ctx, p, budget); err != nil {
				stop(err)
			}
		})
	}
	all.Wait()
	return context.Cause(ctx)
}

func (r *recount) countTable(ctx context.Context, partition int, budget *pipeline.Budget) error {
	from := r.shards[partition].from
	if from == 0 {
		return nil
	}
	shard := r.newShard(partition, budget, func(ctx context.Context, records ...event.Record) error {
		err := r.Producer.Write(ctx, records...)
		if err == nil {
			r.shards[partition].away.Add(int64(len(records)))
		}
		return err
	})
	next, err := shard.Open(ctx)
	if err != nil {
		return err
	}
	for err == nil && next < from {
		until := min(next+page, from)
		var records []event.Record
		if records, err = r.Store.RecordsOf(ctx, partition, next, until); err != nil {
			return err
		}
		next = until
		if err = shard.Handle(ctx, records, next, from); err == nil {
			err = shard.Write(ctx)
		}
	}
	return errors.Join(err, shard.Close(ctx))
}

// countTopic counts what Kafka has behind the tables now. It reads in a group of its own.
func (r *recount) countTopic(ctx context.Context) error {
	cfg := r.Config.Kafka.Config
	cfg.Group += "-recount"
	left := &unread{partitions: map[int]int64{}}
	for p := range r.shards {
		shard := &r.shards[p]
		if shard.from < shard.end {
			left.partitions[p] = shard.end
		}
	}
	if len(left.partitions) == 0 {
		return nil
	}
	counting, stop := context.WithCancel(ctx)
	defer stop()
	budget := pipeline.NewBudget(r.cfg.FlushBytes)
	consumer, err := kafka.New(cfg, func(partition int) kafka.Handler {
		return &untilEnd{handler: handler{partition: partition, shard: r.newShard(partition, budget, r.Producer.Write)}, partition: partition, left: left, all: stop}
	}, nil, r.Log)
	if err != nil {
		return err
	}
	if err := consumer.Run(counting); err != nil {
		return err
	}
	return ctx.Err() // a consumer that is interrupted returns no error
}

// unread are the partitions that have not been read to their ends.
type unread struct {
	mu         sync.Mutex
	partitions map[int]int64
}

// reached notes an offset, and reports whether all partitions have been read to their ends.
func (o *unread) reached(partition int, next int64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if end, left := o.partitions[partition]; left && next >= end {
		delete(o.partitions, partition)
	}
	return len(o.partitions) == 0
}

// untilEnd is a handler that calls all when each partition has been read to its end. Closing the handlers flushes.
type untilEnd struct {
	handler
	partition int
	left      *unread
	all       func()
}

func (u *untilEnd) Handle(ctx context.Context, b kafka.Batch) error {
	err := u.handler.Handle(ctx, b)
	if err == nil && u.left.reached(u.partition, b.Next) {
		u.all()
	}
	return err
}

// tally counts records for the progress line.
type tally struct {
	pipeline.Observer
	records atomic.Int64
}

func (t *tally) Applied(shard int, b *pipeline.Batch) {
	n := len(b.Events)
	for _, letters := range b.DeadLetters {
		n += letters
	}
	t.records.Add(int64(n))
	t.Observer.Applied(shard, b)
}
