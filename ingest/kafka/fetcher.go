package kafka

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	kafkago "github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// fetcher fills the sources of one generation: one loop per leader, each with one request in flight for all partitions of
// that leader whose buffers have room.
type fetcher struct {
	client *client
	cfg    Config
	log    *slog.Logger
	obs    Observer
	// partitions is the number that the topic must keep.
	partitions int
	sources    map[int]*source

	// stale has one place: what is known of the leaders may be wrong.
	stale chan struct{}
	mu    sync.Mutex
	// changed is closed, and replaced, when a source can be fetched again.
	changed chan struct{}
}

func newFetcher(c *client, cfg Config, log *slog.Logger, obs Observer, partitions int, assigned []int) *fetcher {
	f := &fetcher{
		client: c, cfg: cfg, log: log, obs: obs, partitions: partitions,
		sources: make(map[int]*source, len(assigned)),
		stale:   make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
	for _, p := range assigned {
		f.sources[p] = &source{
			partition: p, limit: cfg.BufferBytes, fetchBytes: cfg.FetchBytes,
			arrived: make(chan struct{}, 1), short: make(chan int64, 1), wanted: f.wake,
			pace: backoff{min: cfg.BackoffMin, max: cfg.BackoffMax}, highWatermark: -1,
		}
	}
	return f
}

func (f *fetcher) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fetcher) waker() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.changed
}

// run fetches until ctx ends. It returns a PartitionsChangedError when the topic's partitions changed, otherwise nil.
func (f *fetcher) run(ctx context.Context) error {
	var led map[int]int32
	stop := func() {}
	defer func() { stop() }()
	pace := backoff{min: f.cfg.BackoffMin, max: f.cfg.BackoffMax}
	var reading trouble
	for {
		l, err := f.client.layout(ctx, f.cfg.Topic)
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			f.obs.Failed(MetadataFailure)
			reading.failed(f.log, slog.LevelWarn, "cannot read the leaders, will retry", err)
		case l.partitions != f.partitions:
			return &PartitionsChangedError{Topic: f.cfg.Topic, Was: f.partitions, Now: l.partitions}
		case !maps.Equal(l.leaders, led):
			stop()
			led, stop = l.leaders, f.start(ctx, l.leaders)
		}
		if err == nil {
			reading.over(f.log, "the leaders can be read again")
		}
		if err == nil && f.allLed(l) {
			select {
			case <-ctx.Done():
				return nil
			case <-time.After(f.cfg.RefreshInterval):
				pace.reset()
				continue
			case <-f.stale:
			}
		}
		if !pace.wait(ctx) {
			return nil
		}
	}
}

// start runs one loop per leader until stop is called, which waits for them.
func (f *fetcher) start(ctx context.Context, leaders map[int]int32) (stop func()) {
	var loops sync.WaitGroup
	ctx, cancel := context.WithCancel(ctx)
	for leader, sources := range f.byLeader(leaders) {
		loops.Go(func() { f.fetchFrom(ctx, leader, sources) })
	}
	return func() {
		cancel()
		loops.Wait()
	}
}

func (f *fetcher) byLeader(leaders map[int]int32) map[int32][]*source {
	by := map[int32][]*source{}
	for _, p := range slices.Sorted(maps.Keys(f.sources)) {
		if leader, ok := leaders[p]; ok {
			by[leader] = append(by[leader], f.sources[p])
		}
	}
	return by
}

func (f *fetcher) allLed(l layout) bool {
	for p := range f.sources {
		if _, ok := l.leaders[p]; !ok {
			return false
		}
	}
	return true
}

// doubt requests a metadata refresh.
func (f *fetcher) doubt() {
	select {
	case f.stale <- struct{}{}:
	default:
	}
}

// fetchFrom is the loop of one leader.
func (f *fetcher) fetchFrom(ctx context.Context, leader int32, sources []*source) {
	pace := backoff{min: f.cfg.BackoffMin, max: f.cfg.BackoffMax}
	var fetching trouble
	var partitions []fetch.RequestPartition
	stays := make(map[int32]int, len(sources))
	for ctx.Err() == nil {
		changed := f.waker()
		partitions = partitions[:0]
		now := time.Now()
		for _, s := range sources {
			if p, stay, ok := s.request(now); ok {
				partitions = append(partitions, p)
				stays[p.Partition] = stay
			}
		}
		if len(partitions) == 0 {
			select {
			case <-ctx.Done():
			case <-changed:
			case <-time.After(f.cfg.BackoffMin): // a source may have paused
			}
			continue
		}
		res, err := f.fetch(ctx, leader, partitions)
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			f.obs.Failed(FetchFailure)
			fetching.failed(f.log, slog.LevelWarn, "fetch failed, will retry", err, "broker", leader)
			f.doubt()
			pace.wait(ctx)
			continue
		}
		pace.reset()
		fetching.over(f.log, "fetches are answered again", "broker", leader)
		for _, p := range res.partitions {
			p.throttle = res.throttle
			if s := f.sources[int(p.partition)]; s != nil {
				f.take(ctx, s, stays[p.partition], p)
			}
		}
		if res.throttle > 0 {
			sleep(ctx, res.throttle)
		}
	}
}

func (f *fetcher) fetch(ctx context.Context, leader int32, partitions []fetch.RequestPartition) (*fetchAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, f.cfg.FetchWait+requestTimeout)
	defer cancel()
	req := newFetchRequest(f.cfg.ClientID, f.cfg.Topic, leader, f.cfg.FetchWait, slices.Clone(partitions))
	m, err := f.client.transport.RoundTrip(ctx, f.client.Addr, req)
	if err != nil {
		return nil, err
	}
	res := m.(*fetchAnswer)
	if res.code != 0 {
		return nil, kafkago.Error(res.code)
	}
	return res, nil
}

// take hands one partition's answer to its source.
func (f *fetcher) take(ctx context.Context, s *source, stay int, a partitionAnswer) {
	if a.code == 0 {
		s.trouble.over(f.log, "the partition can be fetched again", "partition", s.partition)
		f.obs.Fetched(s.partition, len(a.data), a.highWatermark, a.lastStable)
		f.lost(s.partition, a.data, s.unread())
		if f.sendsNothing(s, &a) {
			s.pause(stay, time.Now())
			return
		}
		f.obs.Buffered(s.partition, s.deliver(stay, a))
		return
	}
	if kafkago.Error(a.code) == kafkago.OffsetOutOfRange {
		f.outOfRange(ctx, s, stay)
		return
	}
	f.obs.Failed(PartitionFailure)
	if err := kafkago.Error(a.code); err == kafkago.InvalidMessage {
		next, _ := s.position()
		f.stands(s, fmt.Errorf("the broker cannot read its log of topic %q at offset %d (%w)", f.cfg.Topic, next, err))
	}
	s.trouble.failed(f.log, slog.LevelWarn, "cannot fetch the partition, will retry", kafkago.Error(a.code), "partition", s.partition)
	s.pause(stay, time.Now())
	f.doubt()
}

// sendsNothing says so of a broker that has records, as it says, and sent none of them sameBytes times in a row: the index of its log may
// be damaged, or the offset of a batch.
func (f *fetcher) sendsNothing(s *source, a *partitionAnswer) bool {
	next, _ := s.position()
	end := a.highWatermark
	if a.lastStable >= 0 {
		end = min(end, a.lastStable)
	}
	if len(a.data) > 0 || next >= end || a.throttle > 0 {
		s.nothing = 0
		return false
	}
	if s.nothing++; s.nothing < sameBytes {
		return false
	}
	why := fmt.Errorf("the broker sends nothing of topic %q from offset %d on, and says that it has records up to %d", f.cfg.Topic, next, end)
	if s.nothing == sameBytes {
		f.log.Error("cannot read the partition on, will retry", "partition", s.partition, "error", why)
	}
	f.stands(s, why)
	return true
}

// stands reports that the broker cannot read its log, with the way out.
func (f *fetcher) stands(s *source, why error) {
	f.obs.Standing(s.partition, fmt.Errorf("%w: repair or replace its replica, or delete the records up to behind the damage with kafka-delete-records", why))
}

// outOfRange handles an offset out of range: either it is deleted or lost, which is logged and counted, or the log
// is shorter than before, and the Handler decides (shortlog.go).
func (f *fetcher) outOfRange(ctx context.Context, s *source, stay int) {
	next, _ := s.position()
	first, end, err := f.client.bounds(ctx, f.cfg.Topic, s.partition)
	switch {
	case ctx.Err() != nil:
		return
	case err == nil && next < first:
		f.obs.Lost(s.partition, first-next)
		f.log.Error("records were deleted before they were read, or lost with a part of the log; the tables lack them until they are sent again",
			"topic", f.cfg.Topic, "partition", s.partition, "from", next, "to", first, "records", first-next)
		s.move(stay, first)
		return
	case err == nil && next > end:
		s.cutTo(stay, end)
	default:
		if err == nil {
			err = fmt.Errorf("the broker says that offset %d of topic %q is out of range, and that its log has the offsets %d to %d", next, f.cfg.Topic, first, end)
			f.stands(s, err)
		}
		s.trouble.failed(f.log, slog.LevelWarn, "cannot fetch the partition, will retry", err, "partition", s.partition)
	}
	f.obs.Failed(PartitionFailure)
	s.pause(stay, time.Now())
}
