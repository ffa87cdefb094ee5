package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

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
	// lost is how many records the log has lost.
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
