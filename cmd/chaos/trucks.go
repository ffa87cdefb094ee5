package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"dwell/ingest/event"
	"dwell/ingest/kafka"
)

// accounts is what faults have sent or caused themselves, beside the simulated trucks. The load must be held to change it.
type accounts struct {
	ahead      int // events with a time ahead, which must be dead letters
	unreadable int // batches that cannot be read, each of which must be a dead letter
	unknown    int // messages of a gate with a word that its mapping does not know, each of which must be a dead letter
	// trucks are those that faults have sent. One that is true must have a visit, one that is false was lost with a part of the log
	// before it was counted, and must have none.
	trucks map[string]bool
	// lost is how many records the topic of events has lost.
	lost int64
}

// source is where the events of faults come from. It is one, so that it never confirms itself.
const source = "/chaos/post"

// own is an event about a truck of a fault, as a record.
func own(kind, truck string, at, recordTime time.Time) event.Record {
	const text = `{"specversion":"1.0","id":"%s","source":"%s","type":"dwell.%s.v1","subject":"%s","time":"%s","datacontenttype":"application/json","data":{"bcp":"AF-NAN-TORKHAM","direction":"inbound"}}`
	return event.StructuredRecord([]byte(truck), fmt.Appendf(nil, text, kind, source, kind, truck, at.UTC().Format("2006-01-02T15:04:05.000Z")), recordTime.UnixMilli())
}

// passage is a truck of a fault that arrives and departs now, in one batch.
func (l *load) passage(truck string) []event.Record {
	at := time.UnixMilli(l.now)
	return []event.Record{own("truck.arrived", truck, at, at), own("truck.departed", truck, at.Add(time.Hour), at.Add(time.Hour))}
}

// gatePassage is a truck of a fault that arrives and departs at the gate, as messages for a partition.
func (l *load) gatePassage(partition int, truck string) []kafkago.Message {
	voc, e := l.sim.Vocabulary(), event.Event{Subject: []byte(truck), Time: l.now, Recorded: l.now, Direction: event.Inbound}
	in := gateMessage(voc, &e, "IN", truck+"-in")
	e.Time += time.Hour.Milliseconds()
	e.Recorded = e.Time
	out := gateMessage(voc, &e, "OUT", truck+"-out")
	in.WriterData = kafkago.BalancerFunc(func(kafkago.Message, ...int) int { return partition })
	out.WriterData = in.WriterData
	return []kafkago.Message{in, out}
}

// target is a partition whose log a fault damages.
type target struct {
	topic     string
	partition int
}

func (t target) String() string { return fmt.Sprintf("partition %d of topic %s", t.partition, t.topic) }

var eventsTopic = kafka.DefaultConfig().Topic

// anyTarget is a partition of the topic of events, or one time in three of the gate's.
func anyTarget(r *rand.Rand) target {
	if r.IntN(3) == 0 {
		return target{gateTopic, r.IntN(gatePartitions)}
	}
	return target{eventsTopic, r.IntN(partitions)}
}

// pass sends the passages of trucks to a partition, each as a batch. The load must be held.
func (l *load) pass(ctx context.Context, to target, trucks ...string) error {
	for _, truck := range trucks {
		var err error
		if to.topic == gateTopic {
			err = l.send(ctx, l.gatePassage(to.partition, truck)...)
		} else {
			err = l.write(ctx, l.passage(truck)...)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// trucksOf are n new names of trucks whose events are in the partition.
func (l *load) trucksOf(partition, n int) (names []string) {
	for i := len(l.own.trucks); len(names) < n; i++ {
		name := fmt.Sprintf("chaos-%d-%d", partition, i)
		if _, used := l.own.trucks[name]; !used && kafka.PartitionOf([]byte(name), partitions) == partition {
			names = append(names, name)
		}
	}
	return names
}

// checkTrucks fails unless exactly those trucks of faults have a visit that were not lost, and none has lapsed.
func (b *border) checkTrucks(ctx context.Context, a accounts) error {
	conn, err := b.connect()
	if err != nil {
		return err
	}
	var found, lapsed []string
	err = conn.QueryRow(ctx, "SELECT groupArray(visit), groupArrayIf(visit, lapsed IS NOT NULL) FROM visits FINAL WHERE startsWith(visit, 'chaos-')").Scan(&found, &lapsed)
	var want []string
	for _, truck := range slices.Sorted(maps.Keys(a.trucks)) {
		if a.trucks[truck] {
			want = append(want, truck)
		}
	}
	slices.Sort(found)
	if err == nil && (!slices.Equal(found, want) || len(lapsed) > 0) {
		err = fmt.Errorf("of the trucks that faults have sent, %d have a visit and %d of these have lapsed; want %d and none:\n%v\n%v", len(found), len(lapsed), len(want), found, want)
	}
	return errors.Join(err, conn.Close())
}
