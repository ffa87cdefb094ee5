package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
)

// cutLog stops the broker and cuts the end of a partition's log, at a byte that is drawn. What is lost with it is in part counted, and in
// part not: trucks that were sent while no instance read. It may be that of an agency's topic, of which events are what is counted. The loss must be logged by the broker, and counted by the instances where they
// had not counted the records; what was lost before it was counted must not be in the tables, and all else must.
func cutLog(ctx context.Context, b *border, r *rand.Rand) (string, error) {
	defer b.load.hold()()
	at, share := anyTarget(r), r.Float64()
	if err := errors.Join(b.ready(ctx), b.caughtUp(ctx), b.stopInstances()); err != nil {
		return "", err
	}
	ends, err := b.ends(ctx, at.topic)
	if err != nil {
		return "", err
	}
	trucks, counted := b.load.trucksOf(at.partition, 20), ends[at.partition]
	if err := b.load.pass(ctx, at, trucks...); err != nil {
		return "", err
	}
	if err := b.broker.stop(); err != nil {
		return "", err
	}
	log, err := b.segmentOf(at)
	if err != nil {
		return "", err
	}
	if sent := log.next - counted; sent != int64(2*len(trucks)) {
		return "", fmt.Errorf("the log of %v has %d records more, of %d trucks", at, sent, len(trucks))
	}
	first, err := log.cut(log.from(counted, share))
	if err != nil {
		return "", err
	}
	for i, truck := range trucks {
		b.load.own.trucks[truck] = counted+int64(2*i) < first
	}
	uncounted := log.next - max(first, counted)
	if at.topic == eventsTopic {
		b.load.own.lost += log.next - first
	}
	if err := b.startBroker(ctx); err != nil {
		return "", err
	}
	said := fmt.Sprintf("partition=%d first=%d last=%d records=%d", at.partition, first, log.next-1, log.next-first)
	if !b.broker.printed(said) {
		return "", fmt.Errorf("the broker has not logged %q:\n%s", said, tail(b.broker.log))
	}
	if err := errors.Join(b.startInstances(ctx), b.passAfter(ctx, at)); err != nil {
		return "", err
	}
	if lost := b.lostRecords(at.topic); lost != uncounted {
		return "", fmt.Errorf("the instances have counted %d lost records, and %d were lost before they were counted", lost, uncounted)
	}
	return fmt.Sprintf("%d records of %v, %d of them not counted yet", log.next-first, at, uncounted), b.ready(ctx)
}

// from is the byte at this share of the end of the log that is behind an offset, and as much before it as there is.
func (s *segment) from(offset int64, share float64) int64 {
	begin := s.size
	for i := len(s.batches) - 1; i >= 0 && s.batches[i].offset >= offset; i-- {
		begin = s.batches[i].at
	}
	begin = max(s.end(0), 2*begin-s.size) // the first batch may be the broker's own, which says what was lost before
	return begin + int64(share*float64(s.size-begin))
}

// lostRecords is how many lost records of a topic the instances have counted since they were started.
func (b *border) lostRecords(topic string) (n int64) {
	metric := "dwell_kafka_lost_records_total"
	if topic != eventsTopic {
		metric = "dwell_source_lost_messages_total"
	}
	for i := range b.instances {
		for _, value := range b.metrics(i, metric) {
			n += int64(value)
		}
	}
	return n
}
